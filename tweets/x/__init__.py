"""Live tweets: the filtered stream of X's API v2, read through TwitterAPI."""

from __future__ import annotations

from tweets.x.alone import Alone
from tweets.x.api import DEFAULT_URL, Rule, XApi
from tweets.x.counts import Counts
from tweets.x.credentials import Credentials
from tweets.x.errors import XError, XRefused
from tweets.x.gaps import Gap, at, told
from tweets.x.jobs import Fetched, Jobs, newest_versions
from tweets.x.lately import Lately, load, resumed
from tweets.x.reconnect import Reconnect
from tweets.x.recovering import XSource
from tweets.x.rules import TAG, Change, Wanted, is_ours, name_of, planned, synchronise
from tweets.x.rules_file import LONGEST_RULE, MOST_RULES, read_rules
from tweets.x.running import Batch
from tweets.x.spending import Allowance, SpendingError, Spent
from tweets.x.summary import by_rule, reached, rules_in_words, this_month, with_name
from tweets.x.usage import Usage

__all__ = [
    "DEFAULT_URL",
    "LONGEST_RULE",
    "MOST_RULES",
    "TAG",
    "Allowance",
    "Alone",
    "Batch",
    "Change",
    "Counts",
    "Credentials",
    "Fetched",
    "Gap",
    "Jobs",
    "Lately",
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
    "at",
    "by_rule",
    "is_ours",
    "load",
    "name_of",
    "newest_versions",
    "planned",
    "reached",
    "read_rules",
    "resumed",
    "rules_in_words",
    "synchronise",
    "this_month",
    "told",
    "with_name",
]
