"""Homes that can't be used, and what a user is told to do about each."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from localstack_embedded import HomeError
from localstack_embedded.__main__ import main
from localstack_embedded.errors import writing_to

COMMANDS = ("up", "down", "reset", "status", "env", "doctor")


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space, or choose another folder with --home"),
        (errno.EDQUOT, "Free some space, or choose another folder with --home"),
        (errno.EACCES, "Choose a folder that you can write to with --home"),
        (errno.EPERM, "Choose a folder that you can write to with --home"),
        (errno.EROFS, "Choose a folder that you can write to with --home"),
        (errno.ENAMETOOLONG, "Choose a shorter path with --home"),
        (errno.EMFILE, "End some programs, then run this command again"),
        (errno.EIO, "Choose another folder with --home"),
    ],
)
def test_the_advice_fits_what_the_system_says(number: int, advice: str, tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=f": [a-z].*\\. {advice}"), writing_to(tmp_path):
        raise OSError(number, os.strerror(number))


def test_the_file_that_is_in_the_way_is_named(tmp_path: Path) -> None:
    path = tmp_path / "instance.lock"
    with pytest.raises(HomeError, match=rf"permission denied \({path}\)\."), writing_to(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("below", [False, True])
def test_a_home_that_is_a_file_is_named_by_each_command(
    below: bool, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    home = file / "home" if below else file
    assert main([command, "--home", str(home)]) == 1
    output = capsys.readouterr()
    assert (
        f"Can't use the folder {home}: {file} is not a folder. Choose another folder with --home\n"
    ) in output.out + output.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_is_too_long_is_named_by_each_command(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--home", str(tmp_path / ("n" * 300))]) == 1
    output = capsys.readouterr()
    assert ": file name too long. Choose a shorter path with --home\n" in output.out + output.err


def test_without_a_current_folder_a_relative_home_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SystemExit, match="2"):
        main(["status", "--home", "home"])
    monkeypatch.chdir(tmp_path)
    assert "the current folder no longer exists; use a path that" in capsys.readouterr().err
