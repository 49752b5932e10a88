"""What a call is refused with, by the names and in the words of AWS."""

from __future__ import annotations


class KinesisError(Exception):
    """A call that is refused; `code` is AWS's name for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def invalid(message: str) -> KinesisError:
    """An argument that makes no sense here."""
    return KinesisError("InvalidArgumentException", message)


def not_found(message: str) -> KinesisError:
    """Something that isn't there."""
    return KinesisError("ResourceNotFoundException", message)


def in_use(message: str) -> KinesisError:
    """Something in a state that forbids this."""
    return KinesisError("ResourceInUseException", message)


def over_limit(message: str) -> KinesisError:
    """More than an account or a stream may have."""
    return KinesisError("LimitExceededException", message)


def malformed(message: str) -> KinesisError:
    """An argument that no call can have."""
    return KinesisError("ValidationException", message)


def throttled(shard_id: str, stream_name: str, account: str) -> KinesisError:
    """A shard that gives, or takes, no more at this moment."""
    return KinesisError(
        "ProvisionedThroughputExceededException", rate_exceeded(shard_id, stream_name, account)
    )


def rate_exceeded(shard_id: str, stream_name: str, account: str) -> str:
    """What AWS says of such a shard."""
    return f"Rate exceeded for shard {shard_id} in stream {stream_name} under account {account}."
