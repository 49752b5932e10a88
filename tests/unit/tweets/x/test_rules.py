from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from producer import SettingsError
from tweets.x import TAG, Rule, XApi, synchronise
from tweets.x.errors import XRefused, XUnreachable

OTHERS = Rule("1", "cats", "somebody")


class Rules:
    """What X keeps, up to `most`; takes no rule with "bad" in it."""

    def __init__(self, *rules: Rule, most: int = 1000) -> None:
        self.kept = [*rules]
        self._most = most

    def rules(self) -> list[Rule]:
        return [*self.kept]

    def add_rules(self, values: Sequence[str], *, tag: str) -> None:
        for value in values:
            if "bad" in value:
                raise XRefused(400, {"detail": f"{value} is bad"}, reset=None)
        if len(self.kept) + len(values) > self._most:
            cap = {"title": "RulesCapExceeded", "type": "https://api.x.com/2/problems/rule-cap"}
            raise XRefused(422, cap, reset=None)
        self.kept += [Rule(f"new {value}", value, tag) for value in values]

    def delete_rules(self, ids: Sequence[str]) -> None:
        self.kept = [rule for rule in self.kept if rule.id not in ids]


def after(rules: Rules, *track: str, keep: bool = False) -> set[tuple[str, str]]:
    used = synchronise(cast(XApi, rules), track, keep=keep)
    tracked = [value.strip() for value in track]
    assert used == [rule for rule in rules.kept if rule.tag == TAG or rule.value in tracked]
    return {(rule.value, rule.tag) for rule in rules.kept}


def test_ours_become_those_tracked_and_others_are_let_be() -> None:
    rules = Rules(OTHERS, Rule("2", "yolo", TAG), Rule("3", "old", TAG))

    assert after(rules, "yolo", "new", "new") == {
        ("cats", "somebody"),
        ("yolo", TAG),
        ("new", TAG),
    }
    assert rules.kept[1].id == "2", "a rule that stays is not made anew"


def test_a_rule_that_somebody_else_has_too_is_used_as_it_is() -> None:
    assert after(Rules(OTHERS), "cats") == {("cats", "somebody")}


def test_old_rules_can_be_kept() -> None:
    assert after(Rules(Rule("3", "old", TAG)), "new", keep=True) == {("old", TAG), ("new", TAG)}
    assert after(Rules(Rule("3", "old", TAG)), keep=True) == {("old", TAG)}


def test_a_refused_rule_leaves_the_others_as_they_were() -> None:
    rules = Rules(Rule("3", "old", TAG))

    with pytest.raises(XRefused, match="bad rule is bad"):
        after(rules, "bad rule")
    assert rules.kept == [Rule("3", "old", TAG)]


def test_at_xs_cap_of_rules_old_ones_make_room() -> None:
    rules = Rules(OTHERS, Rule("2", "old", TAG), Rule("3", "older", TAG), most=3)

    assert after(rules, "new", "newer") == {("cats", "somebody"), ("new", TAG), ("newer", TAG)}


@pytest.mark.parametrize("refused", [["bad rule"], ["new", "newer", "newest"]])
def test_at_xs_cap_a_refused_exchange_leaves_the_rules_as_they_were(refused: list[str]) -> None:
    rules = Rules(OTHERS, Rule("2", "old", TAG), Rule("3", "older", TAG), most=3)

    with pytest.raises(XRefused):
        after(rules, *refused)
    assert [(rule.value, rule.tag) for rule in rules.kept] == [
        ("cats", "somebody"),
        ("old", TAG),
        ("older", TAG),
    ]


def test_old_rules_that_cannot_be_had_again_are_named() -> None:
    rules = Rules(OTHERS, Rule("2", "old", TAG), Rule("3", "older", TAG), most=3)
    add_rules = rules.add_rules

    def add(values: Sequence[str], *, tag: str) -> None:
        if values == ["old", "older"]:
            raise XUnreachable("X can't be reached")
        add_rules(values, tag=tag)

    rules.add_rules = add  # type: ignore[method-assign]
    with pytest.raises(XRefused) as refused:
        after(rules, "new", "newer", "newest")
    assert refused.value.__notes__ == [
        "these rules are gone meanwhile: old, older; name them again with --track"
    ]


def test_rules_that_nobody_can_remove_are_named_as_the_reason() -> None:
    with pytest.raises(XRefused, match="remove rules of the app, or track fewer"):
        after(Rules(OTHERS, most=1), "new")


def test_a_rule_is_the_same_whatever_space_surrounds_it() -> None:
    assert after(Rules(Rule("2", "yolo", TAG)), " yolo ") == {("yolo", TAG)}


@pytest.mark.parametrize("keep", [False, True])
def test_without_any_rule_there_is_nothing_to_read(keep: bool) -> None:
    with pytest.raises(SettingsError, match="--track"):
        after(Rules(OTHERS), keep=keep)
