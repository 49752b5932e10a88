"""Combinations of the parameters that switch something on in the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, product

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.deploying import parameters

Combination = dict[str, str]

CHOICES: dict[str, tuple[str, str]] = {
    "StreamMode": ("PROVISIONED", "ON_DEMAND"),
    "RecordDistribution": ("PARTITION_KEY", "AUTO"),
    "MaxRecordSizeKiB": ("1024", "2048"),
    "WarmWriteUnits": ("0", "5000"),
    "ExpireAfterDays": ("0", "30"),
    "Runtime": ("python3.13", "python3.14"),
    "ExhaustedBucket": ("", "exhausted-batches"),
    "EnhancedFanOut": ("false", "true"),
    "DeadLetterAlarm": ("true", "false"),
    "ProducerUser": ("true", "false"),
    "ProducerKeyVersion": ("1", "2"),
}


FEW = 9
"""Combinations that cover all pairs of values; computed only when needed."""


@cache
def allowed(template: str) -> list[Combination]:
    """All combinations of these values, except those that the template's rules refuse."""
    every = (dict(zip(CHOICES, values, strict=True)) for values in product(*CHOICES.values()))
    return [chosen for chosen in every if _goes_together(template, chosen)]


def _goes_together(template: str, chosen: Combination) -> bool:
    try:
        parameters.check_together(template, chosen)
    except WrongUsage:
        return False
    return True


def with_all_pairs(possible: Sequence[Combination]) -> Iterator[Combination]:
    """FEW of them, which include each allowed pair of values at least once."""
    pairs = [frozenset(combinations(chosen.items(), 2)) for chosen in possible]
    left = set().union(*pairs)
    while left:
        best = max(range(len(pairs)), key=lambda n: len(pairs[n] & left))
        yield possible[best]
        left -= pairs[best]
