"""Tweets as they are posted: the filtered stream of X's API v2, read through TwitterAPI."""

from __future__ import annotations

from producer.x.api import DEFAULT_URL, Rule, XApi
from producer.x.counts import Counts
from producer.x.credentials import Credentials
from producer.x.reconnect import Reconnect
from producer.x.rules import TAG, synchronise
from producer.x.source import XSource

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
