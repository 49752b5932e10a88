from __future__ import annotations

import os
from pathlib import Path

import pytest

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.commands import settings_file
from tweetpipe.commands.main import main

FIRST = "A_SETTING_OF_THE_TEST"
SECOND = "ANOTHER_SETTING_OF_THE_TEST"


@pytest.fixture(autouse=True)
def _environment_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (FIRST, SECOND):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_settings_count_where_the_environment_has_none(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECOND, "of the environment")
    Path(".env").write_text(f"{FIRST}=\u00e4\n{SECOND}=of the file\n", encoding=encoding)
    settings_file.load()
    assert (os.environ[FIRST], os.environ[SECOND]) == ("\u00e4", "of the environment")


def test_without_the_file_there_are_none() -> None:
    settings_file.load()
    assert FIRST not in os.environ


@pytest.mark.parametrize(
    "content",
    [
        f"{FIRST}=\u00e4".encode("latin-1"),
        f"{FIRST}=a".encode("utf-16"),
        f"{FIRST}=a".encode("utf-16-le"),
        b"\x80\x02 pickled",
    ],
    ids=["Latin-1", "UTF-16", "UTF-16 without its mark", "no text"],
)
def test_a_file_that_is_no_text_is_named_in_one_line(
    content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    Path(".env").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    error = capfd.readouterr().err
    assert (ended.value.code, error.count("\n")) == (2, 1)
    assert error.startswith("Error: .env ")


def test_a_file_that_may_not_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(settings_file, "load_dotenv", refuse)
    with pytest.raises(WrongUsage, match=r"\.env can't be read: Permission denied"):
        settings_file.load()
