"""The errors of tweetpipe's own commands.

TweetpipeError          the root: a message for the user and an exit code
├── WrongUsage          the command line or a setting must be corrected first
├── NothingThere        the stack does not exist, or no emulator answers
├── DeployFailed        CloudFormation or the emulator did not do what the template says
└── Interrupted         a signal ended the command before it was done
"""

from __future__ import annotations

from tweetpipe.aws.redaction import redacted

DIFFERENT = 3
"""The exit code of a verification that found a difference."""
INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended."""


def mistake(error: BaseException) -> str:
    """The message for an unexpected error."""
    said = redacted(f"{type(error).__name__}: {error}")
    return f"{said}. This is a bug in tweetpipe. To see where it is, run this again with --debug."


class TweetpipeError(Exception):
    """A command failed; the message says what happened, why, and what to do next."""

    exit_code = 1


class WrongUsage(TweetpipeError):
    """The command can't run as typed or configured."""

    exit_code = 2


class NothingThere(TweetpipeError):
    """The stack or emulator does not exist, or does not answer."""


class DeployFailed(TweetpipeError):
    """The stack does not match the template."""


class Interrupted(TweetpipeError):
    """A signal ended the command before it was done."""

    exit_code = INTERRUPTED
