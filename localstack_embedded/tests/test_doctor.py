"""What `localstack-embedded doctor` finds, with a small program in place of LocalStack."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from localstack_embedded import Died, environment, start, status, stop
from localstack_embedded.__main__ import main
from localstack_embedded.tests.fake_localstack import make_environment
from localstack_embedded.tests.waiting import wait_for


class Usage(NamedTuple):
    """The disk usage that shutil returns."""

    total: int
    used: int
    free: int


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with an environment."""
    yield make_environment(tmp_path / "home", "serve()")
    stop(tmp_path / "home")


def test_nothing_is_missing_where_it_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance = start(home, port=0)
    assert main(["doctor", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert not re.search("^(missing|problem)", said, re.MULTILINE)
    assert f"ok      LocalStack: running at {instance.endpoint}" in said
    assert f"ok      environment: installed in {home}" in said


def test_before_the_first_start_nothing_is_missing_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--home", str(tmp_path / "new")]) == 0
    assert "the first start installs it" in capsys.readouterr().out
    assert not (tmp_path / "new").exists()


def test_a_python_without_pip_is_told_how_to_get_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None if name == "pip" else name)
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
    assert main(["doctor", "--home", str(home)]) == 1
    said = capsys.readouterr().out
    assert "missing pip: LocalStack is installed with pip, and " in said
    assert f"has none. To install it, run:\n          {sys.executable} -m ensurepip\n" in said


def test_a_python_that_localstack_does_not_run_on_is_missing_another(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("localstack_embedded.environment.SUPPORTED", ((3, 9), (3, 10)))
    assert main(["doctor", "--home", str(home)]) == 1
    assert "problem Python: LocalStack runs on CPython 3.9 to 3.10, and " in capsys.readouterr().out


def test_a_full_disk_is_seen_before_the_environment_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 10**12, 2 * 10**8))
    assert main(["doctor", "--home", str(tmp_path / "new")]) == 1
    assert f"problem disk: 0.2 GB are free at {tmp_path}" in capsys.readouterr().out


def test_a_home_that_others_can_change_is_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.chmod(0o777)
    assert main(["doctor", "--home", str(home)]) == 1
    home.chmod(0o700)  # so that it can be stopped
    output = capsys.readouterr()
    assert f"problem home: {home} can be changed by other users" in output.out
    assert output.err == ""


def test_one_that_died_is_a_problem_and_not_missing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    psutil.Process(start(home, port=0).pid).kill()
    wait_for(lambda: isinstance(status(home), Died), "its end")
    assert main(["doctor", "--home", str(home)]) == 1
    said = capsys.readouterr().out
    assert "problem LocalStack stopped unexpectedly" in said
    assert "missing" not in said


def test_a_home_that_can_not_be_made_is_found_before_the_first_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
    assert main(["doctor", "--home", str(tmp_path / "new")]) == 1
    assert (
        f"problem home: Can't use the folder {tmp_path / 'new'}: permission denied ({tmp_path})"
        in (capsys.readouterr().out)
    )


@pytest.mark.parametrize("below", ["", "new"])
def test_a_home_behind_a_link_that_leads_nowhere_is_a_problem(
    below: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "gone")
    assert main(["doctor", "--home", str(link / below)]) == 1
    assert f"problem home: Can't use the folder {link / below}: {link} is not a folder." in (
        capsys.readouterr().out
    )


def test_settings_and_saved_state_that_up_would_refuse_are_problems(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KINESIS_PROVIDER", "foo")
    (home / "kept").mkdir()
    (home / "kept" / "manifest.json").write_text("torn")
    assert main(["doctor", "--home", str(home)]) == 1
    said = capsys.readouterr().out
    assert "problem settings: KINESIS_PROVIDER is 'foo'" in said
    assert f"problem saved state: The state saved in {home}/kept can't be used: " in said
