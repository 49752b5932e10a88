"""tweetpipe new makes a folder that works as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import run_here
from tests.documented import commands
from tweetpipe.commands import new
from tweetpipe.project import EXAMPLE


def made(folder: str, *, within: Path) -> subprocess.CompletedProcess[str]:
    return run_here("new", folder, folder=within, environment={})


@pytest.mark.heavy
def test_the_new_folder_passes_its_own_test(tmp_path: Path) -> None:
    outcome = made("my-events", within=tmp_path)

    assert outcome.returncode == 0, outcome.stderr
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "my-events",
        # The plugins that are here by chance take most of the time, and no reader has them.
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout


def test_it_holds_what_the_example_does_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "all of mine").mkdir()
    made("all of mine/clicks", within=tmp_path)

    folder = tmp_path / "all of mine" / "clicks"
    assert {path.name for path in folder.iterdir()} == {
        path.name for path in EXAMPLE.iterdir() if path.suffix in (".py", ".md")
    }
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "examples/" not in readme
    [exported] = [command for command in commands(readme.split("```")[1]) if not command.words]
    assert exported.environment == {"TWEETPIPE_EVENTS": "all of mine/clicks"}


def test_it_says_what_to_type_next(tmp_path: Path) -> None:
    said = made("my-events", within=tmp_path).stderr

    assert "tweetpipe --events my-events demo" in said
    assert "my-events/README.md" in said


def test_a_folder_that_can_not_be_created_leads_to_one_that_can(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    nowhere = made("no where/my-events", within=tmp_path)
    below_a_file = made("file/my-events", within=tmp_path)

    assert nowhere.returncode == 2
    assert nowhere.stderr.endswith("run:\n  mkdir -p 'no where'\n")
    assert below_a_file.returncode == 1
    assert "can't be created: Not a directory. Name a folder in one that" in below_a_file.stderr


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "my-events" / "item.py"
    mine.parent.mkdir()
    mine.write_text("mine")

    outcome = made("my-events", within=tmp_path)

    assert outcome.returncode == 2
    assert "my-events already exists" in outcome.stderr
    assert [path.name for path in mine.parent.iterdir()] == ["item.py"]
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("name", ["json", "processor", "tweetpipe", "class", "2nd", "a.b"])
def test_a_name_that_python_has_another_use_for_is_refused(name: str, tmp_path: Path) -> None:
    outcome = made(name, within=tmp_path)

    assert outcome.returncode == 2
    assert name in outcome.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_to_make_it_in_must_be_there(tmp_path: Path) -> None:
    outcome = made("nowhere/my-events", within=tmp_path)

    assert outcome.returncode == 2
    assert "the folder nowhere does not exist" in outcome.stderr


def test_a_failure_leaves_no_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "example").mkdir()
    (tmp_path / "example" / "item.py").touch()
    monkeypatch.setattr(new, "EXAMPLE", tmp_path / "example")

    outcome = made("my-events", within=tmp_path)

    assert outcome.returncode == 1
    assert not (tmp_path / "my-events").exists()


@pytest.mark.parametrize("folder", ["", "."])
def test_the_folder_that_it_is_typed_in_is_called_by_its_name(folder: str, tmp_path: Path) -> None:
    within = tmp_path / "no name"
    within.mkdir()

    outcome = made(folder, within=within)

    assert outcome.returncode == 2
    assert "can't be named no name: " in outcome.stderr
