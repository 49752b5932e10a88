"""Synchronizes the app's rules at X with those of the command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from producer.errors import SettingsError
from tweets.x.api import Rule, XApi
from tweets.x.errors import XError, XRefused

TAG = "tweetpipe"
"""Marks our rules, alone or before a colon and the user's tag; other programs' rules are left
alone.
"""

_MOST_AT_ONCE = 100
"""Rules exchanged in one step; X allows 100 changes in 15 minutes."""


@dataclass(frozen=True)
class Wanted:
    """A wanted rule, with the user's tag and its line in the file."""

    value: str
    tag: str = ""
    line: int | None = field(default=None, compare=False)

    @property
    def whole_tag(self) -> str:
        """The tag as stored at X."""
        return f"{TAG}:{self.tag}" if self.tag else TAG


@dataclass(frozen=True)
class Change:
    """The changes that turn the rules at X into the wanted ones.

    A rule whose tag changed is both added and removed, at the same position at the beginning of
    both lists.
    """

    add: list[Wanted]
    keep: list[Rule]
    remove: list[Rule]


def is_ours(tag: str) -> bool:
    """Whether a rule at X with this tag is ours."""
    return tag == TAG or tag.startswith(f"{TAG}:")


def name_of(rule: Rule) -> str:
    """The rule's name for people: its tag, or else its text."""
    return rule.tag.removeprefix(f"{TAG}:") if rule.tag.startswith(f"{TAG}:") else rule.value


def wanted_of(track: Iterable[str | Wanted]) -> list[Wanted]:
    """Each rule once; a rule with a tag replaces the same rule without one."""
    found: dict[str, Wanted] = {}
    for each in track:
        # X stores them without surrounding spaces.
        rule = Wanted(each.strip()) if isinstance(each, str) else each
        if rule.tag or rule.value not in found:
            found[rule.value] = rule
    return list(found.values())


def plan(there: Sequence[Rule], wanted: Sequence[Wanted], *, keep: bool = False) -> Change:
    """Plan the changes, given the rules at X; with `keep`, only replaced rules are removed.

    Raises SettingsError if no rule would be left.
    """
    ours = [rule for rule in there if is_ours(rule.tag)]
    if not wanted and not (keep and ours):
        raise SettingsError("no rule is given. Use --track, for example --track 'yolo lang:en'")
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
    """Preview what `synchronise` would do, without changing anything."""
    return plan(api.rules(), wanted_of(track), keep=keep)


def synchronise(api: XApi, track: Iterable[str | Wanted], *, keep: bool = False) -> list[Rule]:
    """Add, keep and remove our rules until the stream has those of `track`; returns these.

    A rule that another program added is used as it is, because X stores each rule only once. Raises
    like `plan`, and XRefused with X's reason for the first rule that X refuses; then the rules stay
    as they were. If it is killed, the next call corrects the rules.
    """
    wanted = wanted_of(track)
    there = api.rules()
    change = plan(there, wanted, keep=keep)
    known = {rule.id for rule in there}
    leaving = {rule.value for rule in change.remove}
    new = [rule for rule in change.add if rule.value in leaving]
    try:
        # Add first, so that the stream is never without a rule.
        new += _not_fitting(api, [rule for rule in change.add if rule.value not in leaving], change)
    except XError as error:
        _restore(api, [], known, error)
        raise
    _exchange(api, new, change.remove, known)
    values = {rule.value for rule in wanted}
    return [rule for rule in api.rules() if rule.value in values or is_ours(rule.tag)]


def _not_fitting(api: XApi, fresh: Sequence[Wanted], change: Change) -> list[Wanted]:
    """Add rules, including those that fit only after old ones are removed. Raises XRefused."""
    try:
        _add(api, fresh)
        return []
    except XRefused as refused:
        if not (refused.is_rule_cap and change.remove):
            raise
    values = {rule.value for rule in api.rules()}  # X may have taken some of them
    left = [rule for rule in fresh if rule.value not in values]
    try:
        # Validate the rules before old ones are removed for them.
        _add(api, left, dry_run=True)
    except XRefused as refused:
        if not refused.is_rule_cap:
            raise
    return left


def _exchange(api: XApi, new: Sequence[Wanted], old: Sequence[Rule], known: set[str]) -> None:
    """Alternately remove old rules and add new ones, so that the stream always has some.

    If X refuses a new rule, the `known` rules are restored.
    """
    gone: list[Rule] = []
    try:
        while new or old:
            # If there are two steps, half of the old rules stay until the second.
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
        error.add_note(
            f"these rules were removed and could not be restored: {names}. Add them "
            "again with --track"
        )


def _add(api: XApi, rules: Sequence[Wanted], *, dry_run: bool = False) -> None:
    if rules:
        api.add_rules([(rule.value, rule.whole_tag) for rule in rules], dry_run=dry_run)


def _delete(api: XApi, rules: Sequence[Rule]) -> None:
    if rules:
        api.delete_rules([rule.id for rule in rules])
