"""Makes the app's rules at X those of the command."""

from __future__ import annotations

from collections.abc import Sequence

from producer.errors import SettingsError
from tweets.x.api import Rule, XApi
from tweets.x.errors import XError, XRefused

TAG = "tweetpipe"
"""Marks the rules that are ours; those of others are let be."""


def synchronise(api: XApi, track: Sequence[str], *, keep: bool = False) -> list[Rule]:
    """Add, keep and remove rules of ours until the stream has those of `track`; returns these.

    A rule that somebody else has made is used as it is, since X keeps each only once. With `keep`,
    none is removed. Raises SettingsError when there would be none at all, and XRefused
    with X's reason when it does not take one.
    """
    track = [value.strip() for value in track]  # X keeps them without what surrounds them
    there = api.rules()
    ours = [rule for rule in there if rule.tag == TAG]
    if not track and not (keep and ours):
        raise SettingsError(
            "there is no rule to read posts by: name what to track, as in --track 'yolo lang:en'"
        )
    old = [] if keep else [rule for rule in ours if rule.value not in track]
    try:
        # Added first: a rule that X refuses leaves the others as they were.
        _add_missing(api, track, there)
    except XRefused as refused:
        if not (refused.is_rule_cap and old):
            raise
        _exchange(api, track, old, there)
    else:
        _delete(api, old)
    return [rule for rule in api.rules() if rule.value in track or rule.tag == TAG]


def _exchange(api: XApi, track: Sequence[str], old: Sequence[Rule], there: Sequence[Rule]) -> None:
    """Make room for the new rules first, and have the old ones again if X refuses a new one."""
    _delete(api, old)
    try:
        _add_missing(api, track, api.rules())
    except XError as error:
        names = ", ".join(rule.value for rule in old)
        try:
            known = {rule.id for rule in there}
            _delete(api, [r for r in api.rules() if r.tag == TAG and r.id not in known])
            api.add_rules([rule.value for rule in old], tag=TAG)
        except XError:
            error.add_note(f"these rules are gone meanwhile: {names}; name them again with --track")
        raise


def _add_missing(api: XApi, values: Sequence[str], there: Sequence[Rule]) -> None:
    known = {rule.value for rule in there}
    if new := [value for value in dict.fromkeys(values) if value not in known]:
        api.add_rules(new, tag=TAG)


def _delete(api: XApi, rules: Sequence[Rule]) -> None:
    if rules:
        api.delete_rules([rule.id for rule in rules])
