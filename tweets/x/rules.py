"""Makes the app's rules at X those of the command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from producer.errors import SettingsError
from tweets.x.api import Rule, XApi
from tweets.x.errors import XError, XRefused

TAG = "tweetpipe"
"""Marks the rules that are ours, alone or before a colon and a tag of the user's; those of others
are let be."""

_MOST_AT_ONCE = 100
"""Rules exchanged in one step; X takes 100 changes in 15 minutes."""


@dataclass(frozen=True)
class Wanted:
    """A rule that should be there, with the user's tag and the line of the file that has it."""

    value: str
    tag: str = ""
    line: int | None = field(default=None, compare=False)

    @property
    def whole_tag(self) -> str:
        """The tag as X keeps it."""
        return f"{TAG}:{self.tag}" if self.tag else TAG


@dataclass(frozen=True)
class Change:
    """What makes the rules at X those wanted.

    A rule with another tag than before is among those to add and those to remove, in the same
    place at the beginning of both.
    """

    add: list[Wanted]
    keep: list[Rule]
    remove: list[Rule]


def is_ours(tag: str) -> bool:
    """Whether a rule with this tag at X is one of ours."""
    return tag == TAG or tag.startswith(f"{TAG}:")


def name_of(rule: Rule) -> str:
    """What a person calls the rule: by its tag, or else by what it says."""
    return rule.tag.removeprefix(f"{TAG}:") if rule.tag.startswith(f"{TAG}:") else rule.value


def wanted_of(track: Iterable[str | Wanted]) -> list[Wanted]:
    """Each rule once; one with a tag goes before the same one without."""
    found: dict[str, Wanted] = {}
    for each in track:
        # X keeps them without what surrounds them.
        rule = Wanted(each.strip()) if isinstance(each, str) else each
        if rule.tag or rule.value not in found:
            found[rule.value] = rule
    return list(found.values())


def plan(there: Sequence[Rule], wanted: Sequence[Wanted], *, keep: bool = False) -> Change:
    """What to do, when X has these rules; with `keep`, none is removed that is not replaced.

    Raises SettingsError when there would be no rule at all.
    """
    ours = [rule for rule in there if is_ours(rule.tag)]
    if not wanted and not (keep and ours):
        raise SettingsError(
            "there is no rule to read posts by: name what to track, as in --track 'yolo lang:en'"
        )
    by_value = {rule.value: rule for rule in there}
    replaced = [
        each
        for each in wanted
        if each.tag
        and (rule := by_value.get(each.value))
        and is_ours(rule.tag)
        and rule.tag != each.whole_tag
    ]
    leaving = [by_value[each.value] for each in replaced]
    if not keep:
        values = {each.value for each in wanted}
        leaving += [rule for rule in ours if rule.value not in values]
    gone = {rule.id for rule in leaving}
    stays = {each.value for each in wanted} | {rule.value for rule in ours}
    return Change(
        add=replaced + [each for each in wanted if each.value not in by_value],
        keep=[rule for rule in there if rule.value in stays and rule.id not in gone],
        remove=leaving,
    )


def planned(api: XApi, track: Iterable[str | Wanted], *, keep: bool = False) -> Change:
    """What `synchronise` would do, which changes nothing."""
    return plan(api.rules(), wanted_of(track), keep=keep)


def synchronise(api: XApi, track: Iterable[str | Wanted], *, keep: bool = False) -> list[Rule]:
    """Add, keep and remove rules of ours until the stream has those of `track`; returns these.

    A rule that somebody else has made is used as it is, since X keeps each only once. Raises as
    `plan`, and XRefused with X's reason for the first rule that it does not take, and then leaves
    the rules as they were. Killed at any moment, it leaves rules that the next call makes right.
    """
    wanted = wanted_of(track)
    there = api.rules()
    change = plan(there, wanted, keep=keep)
    known = {rule.id for rule in there}
    leaving = {rule.value for rule in change.remove}
    new = [rule for rule in change.add if rule.value in leaving]
    try:
        # Added first: then the stream is never without a rule.
        new += _not_fitting(api, [rule for rule in change.add if rule.value not in leaving], change)
    except XError as error:
        _restore(api, [], known, error)
        raise
    _exchange(api, new, change.remove, known)
    values = {rule.value for rule in wanted}
    return [rule for rule in api.rules() if rule.value in values or is_ours(rule.tag)]


def _not_fitting(api: XApi, fresh: Sequence[Wanted], change: Change) -> list[Wanted]:
    """Add rules; those that only fit when old ones are gone. Raises XRefused."""
    try:
        _add(api, fresh)
        return []
    except XRefused as refused:
        if not (refused.is_rule_cap and change.remove):
            raise
    values = {rule.value for rule in api.rules()}  # X may have taken some of them
    left = [rule for rule in fresh if rule.value not in values]
    try:
        # Before old ones are removed for it: whether X would take them otherwise.
        _add(api, left, dry_run=True)
    except XRefused as refused:
        if not refused.is_rule_cap:
            raise
    return left


def _exchange(api: XApi, new: Sequence[Wanted], old: Sequence[Rule], known: set[str]) -> None:
    """Remove old rules and add new ones by turns, so that some are always there.

    When X refuses a new one, the rules are as they were before, those `known`.
    """
    gone: list[Rule] = []
    try:
        while new or old:
            # Half of them stay to the next step, where there are two.
            step = min(_MOST_AT_ONCE, max(1, len(old) // 2)) if new else len(old)
            leaving, old = old[:step], old[step:]
            _delete(api, leaving)
            gone += leaving
            arriving = len(leaving) if old else len(new)
            _add(api, new[:arriving])
            new = new[arriving:]
    except XError as error:
        if gone and new:
            _restore(api, gone, known, error)
        raise


def _restore(api: XApi, gone: Sequence[Rule], known: set[str], error: XError) -> None:
    try:
        _delete(api, [r for r in api.rules() if is_ours(r.tag) and r.id not in known])
        if gone:
            api.add_rules([(rule.value, rule.tag) for rule in gone])
    except XError:
        if not gone:
            return
        names = ", ".join(rule.value for rule in gone)
        error.add_note(f"these rules are gone meanwhile: {names}; name them again with --track")


def _add(api: XApi, rules: Sequence[Wanted], *, dry_run: bool = False) -> None:
    if rules:
        api.add_rules([(rule.value, rule.whole_tag) for rule in rules], dry_run=dry_run)


def _delete(api: XApi, rules: Sequence[Rule]) -> None:
    if rules:
        api.delete_rules([rule.id for rule in rules])
