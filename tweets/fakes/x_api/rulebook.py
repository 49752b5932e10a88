"""The rules of the App, which are added, deleted, and listed as by X's endpoint."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tweets.fakes.model import Tweet
from tweets.fakes.x_api.matching import Facts, Matcher, compile_rule
from tweets.fakes.x_api.problems import (
    Problem,
    duplicate_rule,
    invalid_request,
    invalid_rule,
    too_many_rules,
)
from tweets.fakes.x_api.rule_syntax import MAX_LENGTH, RuleError

_FIRST_ID = 1_594_000_000_000_000_001


@dataclass(frozen=True, slots=True)
class Rule:
    """A stored rule; `tag` is empty if it has none."""

    id: str
    value: str
    tag: str
    matches: Matcher = field(compare=False, repr=False)

    def as_json(self) -> dict[str, str]:
        return {"id": self.id, "value": self.value, **self._tag()}

    def as_match(self) -> dict[str, str]:
        return {"id": self.id, "tag": self.tag}

    def _tag(self) -> dict[str, str]:
        return {"tag": self.tag} if self.tag else {}


class Added(NamedTuple):
    """The outcome for the rules of a request; `invalid` ones, including duplicates, are refused."""

    rules: list[Rule]
    errors: list[Problem]


class Rulebook:
    """The current rules; the tuple is replaced as a whole, so any thread may read it."""

    def __init__(self, most: int, longest: int = MAX_LENGTH) -> None:
        self._most, self._longest = most, longest
        self._ids = itertools.count(_FIRST_ID)
        self.rules: tuple[Rule, ...] = ()

    def match(self, tweet: Tweet) -> list[Rule]:
        """The rules that `tweet` matches."""
        facts = Facts(tweet)
        return [rule for rule in self.rules if rule.matches(facts)]

    def add(self, wanted: Iterable[tuple[str, str]], *, dry_run: bool = False) -> Added:
        """Add pairs of value and tag; valid ones are added even if others are refused."""
        rules = list(self.rules)
        ids = {rule.value: rule.id for rule in rules}
        added = Added([], [])
        for value, tag in wanted:
            if value in ids:
                added.errors.append(duplicate_rule(value, ids[value]))
                continue
            try:
                matches = compile_rule(value, longest=self._longest)
            except RuleError as error:
                added.errors.append(invalid_rule(value, str(error)))
                continue
            if len(rules) >= self._most:
                added.errors.append(too_many_rules(value, self._most))
                continue
            rule = Rule(str(next(self._ids)), value, tag, matches)
            ids[value] = rule.id
            rules.append(rule)
            added.rules.append(rule)
        if not dry_run:
            self.rules = tuple(rules)
        return added

    def delete(
        self, ids: Sequence[str], values: Sequence[str], *, dry_run: bool = False
    ) -> tuple[int, list[Problem]]:
        """Delete rules by id and value; return how many existed, and an error for each other."""
        kept = {rule.id: rule for rule in self.rules}
        by_value = {rule.value: rule.id for rule in self.rules}
        errors: list[Problem] = []
        for name, text, id_ in (
            *(("ids", id_, id_) for id_ in ids),
            *(("values", value, by_value.get(value, "")) for value in values),
        ):
            if kept.pop(id_, None) is None:
                errors.append(invalid_request(name, [text], "No such rule exists."))
        deleted = len(self.rules) - len(kept)
        if not dry_run:
            self.rules = tuple(kept.values())
        return deleted, errors

    def delete_all(self, *, dry_run: bool = False) -> int:
        """Delete all rules; return how many there were."""
        return self.delete([rule.id for rule in self.rules], (), dry_run=dry_run)[0]
