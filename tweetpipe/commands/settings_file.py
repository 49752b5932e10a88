"""The file `.env` of the current folder, whose settings count where the environment has none."""

from __future__ import annotations

from pathlib import Path

from dotenv import load_dotenv

from tweetpipe.aws.errors import WrongUsage

_NAME = Path(".env")


def load() -> None:
    """Puts the file's settings into the environment; raises WrongUsage when it can't be read."""
    try:
        # Some editors mark UTF-8 with a first character, which is no part of the first name.
        load_dotenv(_NAME, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{_NAME} is not UTF-8 text: save it as UTF-8 (or remove it).") from error
    except OSError as error:
        raise WrongUsage(f"{_NAME} can't be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise WrongUsage(f"{_NAME} has a setting that can't be used: {error}.") from error
