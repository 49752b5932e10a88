"""A file of rules, one per line, with an optional tag first: `cats: (cat OR kitten) lang:en`.

A line that begins with `#`, not followed by a word, is a comment. Blank lines are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from producer.errors import SettingsError
from producer.files.unreadable import check_path
from tweets.x.rules import Wanted

MOST_RULES = {"pay-per-use": 1_000, "enterprise": 25_000}
LONGEST_RULE = {"pay-per-use": 1_024, "enterprise": 2_048}
"""By access level (X, "Filtered stream"); an Enterprise contract may allow more rules."""

_TAGGED = re.compile(r"(?P<tag>\w[\w.-]*):\s+(?P<value>.*)")
_ONLY_A_TAG = re.compile(r"\w[\w.-]*:")
_COMMENT = re.compile(r"#(?!\w)")
_OPERATOR = re.compile(
    "bio|context|conversation_id|entity|from|has|is|lang|list|place|retweets_of|sample|source|to|url"
)
_MOST_SHOWN = 5


def read_rules(path: Path, *, access: str = "pay-per-use") -> list[Wanted]:
    """The rules of the file, in order; raises SettingsError that names each wrong line."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"cannot read the rules in {path}: {error.strerror}. {check_path(path)}"
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {number}: not UTF-8. Save the file as UTF-8") from error
    rules: list[Wanted] = []
    wrong: list[str] = []
    first_at: dict[str, int] = {}
    for number, line in _lines(text):
        try:
            rule = _rule(line, number, longest=LONGEST_RULE[access])
            if (first := first_at.setdefault(rule.value, number)) != number:
                raise ValueError(f"the same rule as in line {first}. Remove one of them")
        except ValueError as error:
            wrong.append(f"{path}, line {number}: {error}")
        else:
            rules.append(rule)
    if len(rules) > (most := MOST_RULES[access]):
        raise SettingsError(
            f"{path}, line {rules[most].line}: too many rules. X allows {most:,} with {access} "
            f"access, and the file has {len(rules):,}{_more(access)}"
        )
    if wrong:
        further = [f"and {len(wrong) - _MOST_SHOWN:,} more"] if len(wrong) > _MOST_SHOWN else []
        raise SettingsError("\n".join([*wrong[:_MOST_SHOWN], *further]))
    if not rules:
        raise SettingsError(f"{path} has no rules. Write one per line, such as cats: cat lang:en")
    return rules


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither blank nor comments, with their numbers."""
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if (line := line.strip()) and not _COMMENT.match(line):
            yield number, line


def _rule(line: str, number: int, *, longest: int) -> Wanted:
    """The rule of a line; raises ValueError."""
    if line.startswith("#"):
        # A silent guess either way would cost posts or money.
        hashtag = line.split()[0]
        raise ValueError(
            f"{hashtag} could be a hashtag or a comment. For a rule, write '{hashtag[1:]}: "
            f"{line}'. For a comment, write '# {line[1:]}'"
        )
    found = _TAGGED.fullmatch(line)
    tag, value = (found["tag"], found["value"]) if found else ("", line)
    if _ONLY_A_TAG.fullmatch(line):
        raise ValueError(f"no rule follows the tag {line} Write one after it, as in cats: cat")
    if _OPERATOR.fullmatch(tag):
        raise ValueError(
            f"{tag}: is an operator of X. Remove the space after it, or use another tag"
        )
    if not value.replace("\t", " ").isprintable():
        raise ValueError("the line contains an invisible character. Type it again")
    if len(value) > longest:
        raise ValueError(f"the rule has {len(value):,} characters, and X allows {longest:,}")
    return Wanted(value, tag, line=number)


def _more(access: str) -> str:
    return (
        ""
        if access == "enterprise"
        else ". If you have an Enterprise contract, set X_ACCESS=enterprise"
    )
