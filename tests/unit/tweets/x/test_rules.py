from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import SettingsError
from tweets.x import TAG, Change, Rule, Wanted, XApi, planned, synchronise
from tweets.x.errors import XRefused, XUnreachable

OTHERS = Rule("1", "cats", "somebody")


class Rules:
    """What X keeps, up to `most`; takes no rule with "bad" in it.

    `fewest` is how many of ours were left at the worst moment, and `before` is called before each
    change.
    """

    def __init__(self, *rules: Rule, most: int = 1000) -> None:
        self.kept = [*rules]
        self.changes = 0
        self.before: Callable[[], object] = lambda: None
        self._most = most
        self.fewest = self._ours()

    def _ours(self) -> int:
        return sum(rule.tag.startswith(TAG) for rule in self.kept)

    def rules(self) -> list[Rule]:
        return [*self.kept]

    def add_rules(self, rules: Sequence[tuple[str, str]], *, dry_run: bool = False) -> None:
        self._change(dry_run)
        refusals = [refused for rule in rules if (refused := self._add(*rule, dry_run=dry_run))]
        if refusals:
            raise min(refusals, key=lambda refused: refused.is_rule_cap)

    def _add(self, value: str, tag: str, *, dry_run: bool) -> XRefused | None:
        if "bad" in value or any(rule.value == value for rule in self.kept):
            problem = {"detail": f"{value} is bad or there", "value": value}
            return XRefused(400, problem, reset=None)
        if len(self.kept) >= self._most:
            cap = {"title": "RulesCapExceeded", "type": "https://api.x.com/2/problems/rule-cap"}
            return XRefused(422, cap, reset=None)
        if not dry_run:
            # As X does it: what is beside one that it refuses is there.
            self.kept.append(Rule(f"{self.changes} {value}", value, tag))
        return None

    def delete_rules(self, ids: Sequence[str]) -> None:
        self._change()
        self.kept = [rule for rule in self.kept if rule.id not in ids]
        self.fewest = min(self.fewest, self._ours())

    def _change(self, dry_run: bool = False) -> None:
        if not dry_run:
            self.before()
            self.changes += 1


def after(rules: Rules, *track: str | Wanted, keep: bool = False) -> set[tuple[str, str]]:
    used = synchronise(cast(XApi, rules), track, keep=keep)
    tracked = [each.strip() if isinstance(each, str) else each.value for each in track]
    assert used == [r for r in rules.kept if r.tag.startswith(TAG) or r.value in tracked]
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

    with pytest.raises(XRefused, match="bad rule is bad or there"):
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

    def add(rules: Sequence[tuple[str, str]], *, dry_run: bool = False) -> None:
        if ("older", TAG) in rules:
            raise XUnreachable("X can't be reached")
        add_rules(rules, dry_run=dry_run)

    rules.add_rules = add  # type: ignore[method-assign]
    with pytest.raises(XRefused) as refused:
        after(rules, "new", "newer", "newest")
    assert refused.value.__notes__ == [
        "these rules were removed and could not be restored: old, older. "
        "Add them again with --track"
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


def test_each_rule_has_a_tag_of_its_own_and_a_new_tag_replaces_it() -> None:
    rules = Rules(OTHERS, Rule("2", "yolo", TAG), Rule("3", "aws", f"{TAG}:cloud"))

    assert after(rules, Wanted("yolo", "fun"), Wanted("aws", "cloud"), Wanted("cats", "pets")) == {
        ("cats", "somebody"),
        ("yolo", f"{TAG}:fun"),
        ("aws", f"{TAG}:cloud"),
    }
    assert rules.kept[1].id == "3", "a rule that stays is not made anew"
    assert after(rules, "yolo", "aws") == {
        ("cats", "somebody"),
        ("yolo", f"{TAG}:fun"),
        ("aws", f"{TAG}:cloud"),
    }, "a rule named without a tag keeps the one that it has"


def full() -> Rules:
    return Rules(
        OTHERS,
        *(Rule(f"1{n}", f"old{n}", f"{TAG}:t{n}") for n in range(9)),
        most=10,
    )


EXCHANGED = [
    *(Wanted(f"new{n}", f"t{n}") for n in range(6)),
    *(Wanted(f"old{n}", "kept on") for n in range(3)),
]
AFTERWARDS = {("cats", "somebody")} | {(rule.value, rule.whole_tag) for rule in EXCHANGED}


def test_in_an_exchange_at_xs_cap_some_of_our_rules_are_always_there() -> None:
    rules = full()

    assert after(rules, *EXCHANGED) == AFTERWARDS
    assert rules.fewest >= 4
    assert rules.changes <= 12


@pytest.mark.parametrize("calls", range(10))
def test_an_exchange_killed_in_the_middle_is_made_right_by_the_next_run(calls: int) -> None:
    rules = full()

    def kill() -> None:
        if rules.changes == calls:
            raise KeyboardInterrupt

    rules.before = kill
    with pytest.raises(KeyboardInterrupt):
        synchronise(cast(XApi, rules), EXCHANGED)
    rules.before = lambda: None
    assert after(rules, *EXCHANGED) == AFTERWARDS


def test_nothing_is_changed_for_a_rule_that_x_would_refuse() -> None:
    rules = full()
    kept = [*rules.kept]

    with pytest.raises(XRefused, match="bad rule") as refused:
        after(rules, "fine", "bad rule")
    assert refused.value.value == "bad rule"
    assert rules.kept == kept
    assert rules.fewest == 9, "and none was gone meanwhile"


def test_a_plan_changes_nothing() -> None:
    rules = full()
    kept = [*rules.kept]

    assert planned(cast(XApi, rules), [Wanted("new", "n"), "old1", "cats"]) == Change(
        add=[Wanted("new", "n")],
        keep=[OTHERS, Rule("11", "old1", f"{TAG}:t1")],
        remove=[rule for rule in kept if rule.value not in ("cats", "old1")],
    )
    assert (rules.kept, rules.changes) == (kept, 0)


VALUES = st.sampled_from([f"rule{n}" for n in range(8)])
TAGS = st.sampled_from(["", "a", "b"])


@given(
    others=st.sets(VALUES, max_size=3),
    ours=st.dictionaries(VALUES, TAGS, max_size=6),
    runs=st.lists(
        st.tuples(st.dictionaries(VALUES, TAGS, min_size=1, max_size=6), st.integers(0, 20)),
        min_size=1,
        max_size=3,
    ),
    spare=st.integers(0, 3),
)
def test_whatever_runs_were_killed_the_next_one_makes_the_rules_right(
    others: set[str],
    ours: dict[str, str],
    runs: list[tuple[dict[str, str], int]],
    spare: int,
) -> None:
    foreign = [Rule(f"other {value}", value, "somebody") for value in sorted(others)]
    mine = [Wanted(value, tag) for value, tag in ours.items() if value not in others]
    rules = Rules(
        *foreign,
        *(Rule(f"mine {rule.value}", rule.value, rule.whole_tag) for rule in mine),
        most=len(others) + max(len(mine), *(len(wanted) for wanted, _ in runs)) + spare,
    )

    def kill() -> None:
        if rules.changes == last:
            raise KeyboardInterrupt

    rules.before = kill
    for wanted, survives in runs:
        last = rules.changes + survives
        track = [Wanted(value, tag) for value, tag in wanted.items()]
        with suppress(KeyboardInterrupt):
            synchronise(cast(XApi, rules), track)
    last = -1
    synchronise(cast(XApi, rules), track)

    assert rules.kept[: len(foreign)] == foreign
    found = {rule.value: rule.tag for rule in rules.kept[len(foreign) :]}
    assert found.keys() == wanted.keys() - others
    assert all(
        found.get(rule.value, rule.whole_tag) == rule.whole_tag for rule in track if rule.tag
    )
