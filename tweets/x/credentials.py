"""Credentials for X's API, under the names that the 2015 sample gave them.

The filtered stream accepts only app-only tokens (X's authentication mapping), so the sample's
access token and secret, which identify a user, are not needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from producer.errors import SettingsError
from tweets.x.errors import TRY_FAKE_X

TOKEN = "bearer_token"
KEY = "consumer_key"
SECRET = "consumer_secret"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A bearer token, or the consumer key and secret that X exchanges for one."""

    bearer_token: str | None = field(default=None, repr=False)
    consumer_key: str | None = field(default=None, repr=False)
    consumer_secret: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Credentials:
        """The credentials in the environment; raises SettingsError that names the missing ones."""
        found = {name: environ.get(name, "").strip() for name in (TOKEN, KEY, SECRET)}
        if not found[TOKEN] and not (found[KEY] and found[SECRET]):
            half = found[KEY] or found[SECRET]
            missing = f"{KEY if not found[KEY] else SECRET} is" if half else f"{TOKEN} is"
            raise SettingsError(
                f"{missing} not set. Put {TOKEN}, or {KEY} and {SECRET}, of your X app into the "
                f"environment or .env. {TRY_FAKE_X}"
            )
        for name, value in found.items():
            # Don't quote the character: it is part of the secret.
            if value and not cls.is_well_formed(value):
                raise SettingsError(
                    f"{name} is not valid: it contains a space, a line break or a non-ASCII "
                    "character. Copy it again from X's developer console"
                )
        return cls(**{name: value or None for name, value in found.items()})

    @staticmethod
    def is_well_formed(secret: str) -> bool:
        """Whether an HTTP header can carry it."""
        return re.fullmatch(r"[!-~]+", secret) is not None
