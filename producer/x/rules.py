"""Makes the app's rules at X those of the command."""

from __future__ import annotations

from collections.abc import Sequence

from producer.errors import SettingsError
from producer.x.api import Rule, XApi

TAG = "tweetpipe"
"""Marks the rules that are ours; those of others are let be."""


def synchronise(api: XApi, track: Sequence[str], *, keep: bool = False) -> list[Rule]:
    """Add, keep and remove rules of ours until the stream has those of `track`; returns these.

    A rule that somebody else has made is used as it is, since X keeps each only once. With `keep`,
    none is removed. Raises SettingsError when there would be none at all, and XRefused
    with X's reason when it does not take one.
    """
    there = api.rules()
    ours = [rule for rule in there if rule.tag == TAG]
    if not track and not (keep and ours):
        raise SettingsError(
            "there is no rule to read posts by: name what to track, as in --track 'yolo lang:en'"
        )
    # Added first: a rule that X refuses leaves the others as they were.
    new = dict.fromkeys(value for value in track if value not in {rule.value for rule in there})
    if new:
        api.add_rules([*new], tag=TAG)
    old = [] if keep else [rule.id for rule in ours if rule.value not in track]
    if old:
        api.delete_rules(old)
    return [rule for rule in api.rules() if rule.value in track or rule.tag == TAG]
