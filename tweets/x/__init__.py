"""Tweets as they are posted: the filtered stream of X's API v2, read through TwitterAPI."""

from __future__ import annotations

from tweets.x.api import DEFAULT_URL, Rule, XApi
from tweets.x.counts import Counts
from tweets.x.credentials import Credentials
from tweets.x.errors import XError, XRefused
from tweets.x.jobs import Jobs, newest_versions
from tweets.x.reconnect import Reconnect
from tweets.x.rules import TAG, Change, Wanted, is_ours, name_of, planned, synchronise
from tweets.x.rules_file import LONGEST_RULE, MOST_RULES, read_rules
from tweets.x.running import Batch
from tweets.x.source import XSource
from tweets.x.spending import Allowance, SpendingError, Spent
from tweets.x.usage import Usage

__all__ = [
    "DEFAULT_URL",
    "LONGEST_RULE",
    "MOST_RULES",
    "TAG",
    "Allowance",
    "Batch",
    "Change",
    "Counts",
    "Credentials",
    "Jobs",
    "Reconnect",
    "Rule",
    "SpendingError",
    "Spent",
    "Usage",
    "Wanted",
    "XApi",
    "XError",
    "XRefused",
    "XSource",
    "is_ours",
    "name_of",
    "newest_versions",
    "planned",
    "read_rules",
    "synchronise",
]
