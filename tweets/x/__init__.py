"""Tweets as they are posted: the filtered stream of X's API v2, read through TwitterAPI."""

from __future__ import annotations

from tweets.x.api import DEFAULT_URL, Rule, XApi
from tweets.x.counts import Counts
from tweets.x.credentials import Credentials
from tweets.x.reconnect import Reconnect
from tweets.x.rules import TAG, synchronise
from tweets.x.source import XSource

__all__ = [
    "DEFAULT_URL",
    "TAG",
    "Counts",
    "Credentials",
    "Reconnect",
    "Rule",
    "XApi",
    "XSource",
    "synchronise",
]
