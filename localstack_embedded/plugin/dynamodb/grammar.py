"""A parser for expressions, after the grammar in "Expressions in DynamoDB".

    parse_condition    a condition, filter, or key condition, into an Operator or a Function
    parse_update       an update, into its Changes

Both raise Refused if AWS refuses the expression regardless of the item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .errors import Refused
from .operands import (
    At,
    Change,
    Function,
    Given,
    Operand,
    Operator,
    Path,
    check_call,
    check_changed,
    check_given,
    faulty,
)
from .values import Value, utf8_size

Token = tuple[str, str]  # its kind and its text

SECTIONS = frozenset(["SET", "REMOVE", "ADD", "DELETE"])
OPERATORS = frozenset(["AND", "OR", "NOT", "BETWEEN", "IN", *SECTIONS])
_MAX_BYTES = 4096
_TOKEN = re.compile(
    r"\s*(?:(?P<name>#\w+)|(?P<value>:\w+)|(?P<word>[A-Za-z_]\w*)|(?P<number>\d+)"
    r"|(?P<sign><>|<=|>=|[-+=<>()\[\],.]))",
    re.ASCII,
)
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
# How many operands each takes.
_CONDITIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
_IN_UPDATES = {"if_not_exists": 2, "list_append": 2}


def parse_condition(
    kind: str, tokens: Sequence[Token], names: Mapping[str, str], values: Mapping[str, Value]
) -> Operand:
    """The condition in a ConditionExpression, FilterExpression, or KeyConditionExpression."""
    parser = _Parser(kind, tokens, names, values, _CONDITIONS)
    condition = parser.condition()
    parser.end()
    return condition


def parse_update(
    kind: str, tokens: Sequence[Token], names: Mapping[str, str], values: Mapping[str, Value]
) -> list[Change]:
    """The changes in an UpdateExpression, in the order of its text."""
    parser = _Parser(kind, tokens, names, values, _IN_UPDATES)
    changes = parser.section()
    while section := parser.word:
        if any(change.action == section for change in changes):
            raise faulty(
                kind, f'The "{section}" section can only be used once in an update expression;'
            )
        changes += parser.section()
    return changes


def tokens_of(kind: str, expression: str) -> Iterator[Token]:
    """The tokens of an expression; raises Refused."""
    if not expression.strip():
        raise faulty(kind, "The expression can not be empty;")
    if utf8_size(expression) > _MAX_BYTES:
        raise faulty(kind, "Expression size has exceeded the maximum allowed size;")
    place = 0
    expression = expression.rstrip()
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            rest = expression[place:].split(maxsplit=1)[0]
            near = expression[max(0, place - 10) : place + 10].strip()
            raise faulty(kind, f'Syntax error; token: "{rest}", near: "{near}"')
        assert match.lastgroup
        yield match.lastgroup, match[match.lastgroup]
        place = match.end()


class _Parser:
    def __init__(
        self,
        kind: str,
        tokens: Sequence[Token],
        names: Mapping[str, str],
        values: Mapping[str, Value],
        functions: Mapping[str, int],
    ) -> None:
        self._kind, self._names, self._values = kind, names, values
        self._tokens = [*tokens, ("end", "<EOF>")]
        self._functions = functions
        self._place = 0
        self._group = (-1, -1)  # the positions of the last parentheses around a condition

    @property
    def word(self) -> str:
        """The next token in upper case; empty at the end."""
        sort, text = self._tokens[self._place]
        return "" if sort == "end" else text.upper()

    def end(self) -> None:
        """Refuse the expression if tokens are left."""
        if self.word:
            raise self._syntax_error()

    def condition(self) -> Operand:
        """Parse a condition; OR binds loosest, then AND, then NOT."""
        found = self._conjunction()
        while self._took("OR"):
            found = Operator("OR", (found, self._conjunction()))
        return found

    def section(self) -> list[Change]:
        """Parse SET, REMOVE, ADD, or DELETE, and the changes that follow it."""
        action: Any = self.word
        if action not in SECTIONS:
            raise self._syntax_error()
        self._place += 1
        changes = [self._change(action)]
        while self._took(","):
            changes.append(self._change(action))
        return changes

    def _change(self, action: Any) -> Change:
        path = self._path()
        if action == "REMOVE":
            return Change(action, path)
        if action == "SET":
            self._expect("=")
            return Change(action, path, self._sum())
        operand = self._operand()
        if not isinstance(operand, Given):
            raise self._syntax_error(-1)
        check_changed(self._kind, action, operand)
        return Change(action, path, operand)

    def _sum(self) -> Operand:
        if self._took("("):
            inner = self._sum()
            self._expect(")")
            return inner
        found = self._operand()
        if self.word in ("+", "-"):
            sign = self.word
            self._place += 1
            found = Operator(sign, (found, self._operand()))
            check_given(self._kind, sign, found.operands, ("N",))
        return found

    def _conjunction(self) -> Operand:
        found = self._negation()
        while self._took("AND"):
            found = Operator("AND", (found, self._negation()))
        return found

    def _negation(self) -> Operand:
        if self._took("NOT"):
            return Operator("NOT", (self._negation(),))
        return self._comparison()

    def _comparison(self) -> Operand:
        start = self._place
        if self._took("("):
            inner = self.condition()
            if self._group == (start + 1, self._place - 1):
                raise self._faulty("The expression has redundant parentheses;")
            self._expect(")")
            self._group = (start, self._place - 1)
            return inner
        left = self._operand()
        if self.word in _COMPARISONS:
            sign = self.word
            self._place += 1
            return self._check(Operator(sign, (left, self._operand())))
        if self._took("BETWEEN"):
            least = self._operand()
            self._expect("AND")
            return self._check(Function("BETWEEN", (left, least, self._operand())))
        if self._took("IN"):
            return self._check(Function("IN", (left, *self._operands())))
        if not isinstance(left, Function):
            raise self._syntax_error()
        if left.name == "size":
            raise self._misused(left.name)
        return left

    def _operands(self) -> list[Operand]:
        self._expect("(")
        found = [self._operand(is_argument=True)]
        while self._took(","):
            found.append(self._operand(is_argument=True))
        self._expect(")")
        return found

    def _operand(self, *, is_argument: bool = False) -> Operand:
        sort, text = self._tokens[self._place]
        if sort == "value":
            self._place += 1
            return Given(self._values[text])
        if sort == "word" and self._tokens[self._place + 1][1] == "(":
            return self._function(text, is_argument=is_argument)
        return At(self._path())

    def _function(self, name: str, *, is_argument: bool) -> Operand:
        if name not in self._functions:
            known = {**_CONDITIONS, **_IN_UPDATES}
            where = "an update" if self._kind == "UpdateExpression" else "a condition"
            raise self._faulty(
                f"The function is not allowed in {where} expression; function: {name}"
                if name in known
                else f"Invalid function name; function: {name}"
            )
        self._place += 1
        found = Function(name, tuple(self._operands()))
        if len(found.operands) != self._functions[name]:
            raise self._faulty(
                "Incorrect number of operands for operator or function; operator or function:"
                f" {name}, number of operands: {len(found.operands)}"
            )
        is_operand = is_argument or self.word in (*_COMPARISONS, "BETWEEN", "IN")
        if is_operand and name in _CONDITIONS and name != "size":
            raise self._misused(name)
        return self._check(found)

    def _check(self, call: Function | Operator) -> Operand:
        check_call(self._kind, call)
        return call

    def _path(self) -> Path:
        path: list[str | int] = [self._name()]
        while True:
            if self._took("."):
                path.append(self._name())
            elif self._took("["):
                sort, text = self._tokens[self._place]
                if sort != "number":
                    raise self._syntax_error()
                self._place += 1
                self._expect("]")
                path.append(int(text))
            else:
                return tuple(path)

    def _name(self) -> str:
        sort, text = self._tokens[self._place]
        if sort not in ("name", "word") or (sort == "word" and text.upper() in OPERATORS):
            raise self._syntax_error()
        self._place += 1
        return self._names.get(text, text)

    def _took(self, text: str) -> bool:
        if self.word == text:
            self._place += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._took(text):
            raise self._syntax_error()

    def _misused(self, name: str) -> Refused:
        return self._faulty(
            f"The function is not allowed to be used this way in an expression; function: {name}"
        )

    def _syntax_error(self, offset: int = 0) -> Refused:
        place = self._place + offset
        near = " ".join(text for _, text in self._tokens[max(0, place - 1) : place + 2][:3])
        return self._faulty(
            f'Syntax error; token: "{self._tokens[place][1]}",'
            f' near: "{near.removesuffix(" <EOF>")}"'
        )

    def _faulty(self, what: str) -> Refused:
        return faulty(self._kind, what)
