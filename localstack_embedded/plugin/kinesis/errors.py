"""Errors that reject a call, with AWS's codes and wording."""

from __future__ import annotations


class KinesisError(Exception):
    """A call is rejected; `code` is AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def invalid(message: str) -> KinesisError:
    """An argument that is invalid in this context."""
    return KinesisError("InvalidArgumentException", message)


def not_found(message: str) -> KinesisError:
    """A resource that doesn't exist."""
    return KinesisError("ResourceNotFoundException", message)


def in_use(message: str) -> KinesisError:
    """A resource whose state doesn't allow the call."""
    return KinesisError("ResourceInUseException", message)


def over_limit(message: str) -> KinesisError:
    """More than an account or a stream may have."""
    return KinesisError("LimitExceededException", message)


def malformed(message: str) -> KinesisError:
    """An argument that is invalid in any call."""
    return KinesisError("ValidationException", message)


def throttled(shard_id: str, stream_name: str, account: str) -> KinesisError:
    """A shard whose read or write limit is used up for the moment."""
    return KinesisError(
        "ProvisionedThroughputExceededException", rate_exceeded(shard_id, stream_name, account)
    )


def rate_exceeded(shard_id: str, stream_name: str, account: str) -> str:
    """AWS's message about a throttled shard."""
    return f"Rate exceeded for shard {shard_id} in stream {stream_name} under account {account}."
