"""Loads `.env` from the current folder; variables that are already set take precedence."""

from __future__ import annotations

from pathlib import Path

from dotenv import load_dotenv

from tweetpipe.aws.errors import WrongUsage

_NAME = Path(".env")


def load() -> None:
    """Adds the file's settings to the environment; raises WrongUsage if it can't be read."""
    try:
        # Some editors start the file with a byte order mark, which is not part of the first name.
        load_dotenv(_NAME, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{_NAME} is not UTF-8 text. Save it as UTF-8, or remove it.") from error
    except OSError as error:
        raise WrongUsage(
            f"{_NAME} can't be read: {error.strerror or error}. Give yourself permission to "
            "read it, or remove it."
        ) from error
    except ValueError as error:
        raise WrongUsage(
            f"{_NAME} has a setting that can't be used: {error}. Correct it, or remove it."
        ) from error
