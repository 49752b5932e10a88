"""What can go wrong in tweetpipe's own commands.

TweetpipeError          the root; one sentence for a person, and the exit code
├── WrongUsage          the command line or a setting must be corrected first
├── NothingThere        no stack of that name, or no emulator answers
├── DeployFailed        CloudFormation or the emulator did not do what the template says
└── Interrupted         it was asked to end, and something is left undone
"""

from __future__ import annotations

from tweetpipe.aws.redaction import redacted

DIFFERENT = 3
"""The exit code of a verification that found a difference."""
INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended."""


def mistake(error: BaseException) -> str:
    """What to say of an error that nothing of ours expects."""
    said = redacted(f"{type(error).__name__}: {error}")
    return f"{said}. This is a mistake in tweetpipe; --debug shows where."


class TweetpipeError(Exception):
    """A command failed; the message says what happened, why, and what to do next."""

    exit_code = 1


class WrongUsage(TweetpipeError):
    """The command can't run as it was typed or configured."""

    exit_code = 2


class NothingThere(TweetpipeError):
    """What the command works on does not exist yet, or does not answer."""


class DeployFailed(TweetpipeError):
    """The stack is not as the template says."""


class Interrupted(TweetpipeError):
    """A signal ended the command before all was done."""

    exit_code = INTERRUPTED
