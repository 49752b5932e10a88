"""The access key of an instance, and what its user is told about it."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

import pytest

from localstack_embedded import Instance, access, start, status, stop
from localstack_embedded.__main__ import main
from localstack_embedded.errors import StartError
from localstack_embedded.tests.test_command import home

__all__ = ["home"]

OPEN = {"open_to_this_machine": True}


def test_a_key_is_random_and_for_its_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        granted = [access.grant(tmp_path, open_to_this_machine=False) for _ in range(2)]
    finally:
        os.umask(before)
    keys = {settings["GATEWAY_ACCESS_KEY"] for settings in granted}
    assert len(keys) == 2
    assert access.key_of(tmp_path) in keys
    assert stat.S_IMODE((tmp_path / access.KEY_FILE).stat().st_mode) == 0o600


def test_somebodys_link_in_the_keys_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / access.KEY_FILE).symlink_to(tmp_path / "elsewhere")
    access.grant(tmp_path, open_to_this_machine=False)
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_open_has_no_key_but_everybodys(tmp_path: Path) -> None:
    access.grant(tmp_path, open_to_this_machine=False)
    assert access.grant(tmp_path, open_to_this_machine=True) == {"GATEWAY_OPEN": "1"}
    assert access.is_open(tmp_path)
    assert access.key_of(tmp_path) == "test"


def test_env_prints_what_a_shell_can_evaluate(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["env", "--home", home]) == 1
    assert capsys.readouterr().err.startswith("error: LocalStack is not running")

    main(["up", "--home", home])
    said = capsys.readouterr().out
    assert main(["env", "--home", home]) == 0
    printed = dict(
        word.split("=", 1)
        for line in capsys.readouterr().out.splitlines()
        for word in shlex.split(line.removeprefix("export "))
    )
    instance = status(Path(home))
    assert isinstance(instance, Instance)
    assert printed == instance.variables
    assert printed["AWS_ACCESS_KEY_ID"] == access.key_of(Path(home)) in said


def test_up_says_what_it_means_to_be_open(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["up", "--home", home, "--open-to-this-machine"])
    assert "any user's program may run code as you there" in capsys.readouterr().out


def test_one_that_runs_gets_no_limits_by_a_second_up(home: str) -> None:
    start(Path(home))
    with pytest.raises(StartError, match="To apply shard limits, stop it first"):
        start(Path(home), shard_limits=True)
    stop(Path(home))
    assert start(Path(home), shard_limits=True).started_by_this_call
    assert not start(Path(home), shard_limits=True).started_by_this_call
    assert not start(Path(home)).started_by_this_call


def test_one_that_runs_is_not_opened_by_a_second_up(home: str) -> None:
    start(Path(home))
    with pytest.raises(StartError, match="To open it to this machine, stop it first"):
        start(Path(home), open_to_this_machine=True)
    stop(Path(home))
    assert not (Path(home) / access.KEY_FILE).exists()
    assert start(Path(home), open_to_this_machine=True).access_key_id == "test"
    assert not start(Path(home), open_to_this_machine=True).started_by_this_call
