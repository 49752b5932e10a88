"""The errors of this package, by what is done about them.

ProcessorError
├── ConfigurationError   the deployment is incomplete: fix it
├── Rejected             the record can never be stored: it goes to the dead-letter queue
└── CallFailed           an AWS call failed,
    ├── Retryable        for a reason that may pass: send it again
    ├── Invalid          because of what it carried: find the one at fault
    └── Refused          for a reason that stays: leave the records to a later invocation
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a record of any kind can never be stored; events define further reasons."""

    NOT_BASE64 = "not-base64"
    BAD_AGGREGATE = "bad-aggregate"
    NOT_UTF_8 = "not-utf-8"
    NOT_JSON = "not-json"
    NOT_UNICODE = "not-unicode"
    BAD_ITEM = "bad-item"
    KEY_TOO_LONG = "key-too-long"
    ITEM_TOO_LARGE = "item-too-large"
    VALIDATION = "validation"
    CRASH = "crash"
    UNEXPECTED = "unexpected"


class ProcessorError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(ProcessorError):
    """A required variable is missing in the function's environment."""


class Rejected(ProcessorError):
    """A record that can never be stored; `detail` says where it failed, without quoting data."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class CallFailed(ProcessorError):
    """An AWS call failed; `code` is AWS's, or the exception's name if AWS sent none."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Retryable(CallFailed):
    """Throttling, an error on AWS's side, or a broken connection."""


class Invalid(CallFailed):
    """AWS refused the content of the call; one bad entry makes it refuse all."""


class Refused(CallFailed):
    """AWS refused the call itself: missing permission, missing table, no credentials."""
