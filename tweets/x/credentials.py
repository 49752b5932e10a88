"""Credentials for X's API, under the names that the 2015 sample gave them.

The filtered stream takes app-only tokens and nothing else (X's authentication mapping), so that the
sample's access token and its secret, which stand for a user, are not needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from producer.errors import SettingsError

TOKEN = "bearer_token"
KEY = "consumer_key"
SECRET = "consumer_secret"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A bearer token, or the consumer key and secret that X gives one out for."""

    bearer_token: str | None = field(default=None, repr=False)
    consumer_key: str | None = field(default=None, repr=False)
    consumer_secret: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Credentials:
        """Those in the environment; raises SettingsError, which names what is missing."""
        found = {name: environ.get(name, "").strip() for name in (TOKEN, KEY, SECRET)}
        if not found[TOKEN] and not (found[KEY] and found[SECRET]):
            half = found[KEY] or found[SECRET]
            missing = f"{KEY if not found[KEY] else SECRET} is" if half else f"{TOKEN} is"
            raise SettingsError(
                f"{missing} not set: put {TOKEN}, or {KEY} and {SECRET}, of your X app into the "
                "environment or .env; --source fake needs neither"
            )
        for name, value in found.items():
            # Neither named nor shown what: it is a part of the secret.
            if value and not cls.is_well_formed(value):
                raise SettingsError(
                    f"{name} can't be right: a space, a line break or a character that is not "
                    "ASCII is in the middle of it; copy it again from X's developer console"
                )
        return cls(**{name: value or None for name, value in found.items()})

    @staticmethod
    def is_well_formed(secret: str) -> bool:
        """Whether a header can carry it."""
        return re.fullmatch(r"[!-~]+", secret) is not None
