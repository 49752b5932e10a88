"""What is released, by itself: the wheels in a fresh environment, without the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.waiting import LONG
from tweetpipe.project import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * LONG)]

SOURCES = (
    *("examples", "fake_tweets", "infra", "localstack_embedded", "processor", "producer"),
    *("requirements", "tweets"),
)
FILES = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
MAKE_SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"


def run(*command: str | Path, folder: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints; it must succeed."""
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Both, made of the sdists, which are made of a copy of the sources."""
    copy = tmp_path_factory.mktemp("sources")
    made = tmp_path_factory.mktemp("made")
    for name in (*SOURCES, "tweetpipe"):
        shutil.copytree(ROOT / name, copy / name, ignore=LEFT_OUT)
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    for folder in (copy, copy / "localstack_embedded"):
        run(sys.executable, "-W", "ignore", "-c", MAKE_SDIST, made, folder=folder)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, *made.glob("*.tar.gz"), folder=made)
    return sorted(made.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(
    wheels: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """The programs of an environment that has nothing but the wheels, and its user's variables."""
    user = tmp_path_factory.mktemp("user")
    venv.create(user / "venv", with_pip=True)
    cache = run(sys.executable, "-m", "pip", "cache", "dir", folder=user).strip()
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PATH", "PIP_"))}
    variables = kept | {"HOME": str(user), "PIP_CACHE_DIR": cache, "PYTHONUTF8": "1"}
    programs = user / "venv" / "bin"
    pip = (programs / "python", "-m", "pip", "install", "--quiet")
    run(*pip, *wheels, f"pytest=={pytest.__version__}", folder=user, environment=variables)
    return programs, variables


def test_no_release_asks_for_what_is_not_on_an_index(wheels: list[Path]) -> None:
    for wheel in wheels:
        with ZipFile(wheel) as archive:
            [name] = [name for name in archive.namelist() if name.endswith("/METADATA")]
            asked = re.findall(r"^Requires-Dist: (.*)", archive.read(name).decode(), re.MULTILINE)
        assert asked
        assert not [requirement for requirement in asked if "@" in requirement]


def test_the_pages_files_belong_to_the_package(wheels: list[Path]) -> None:
    [wheel] = [wheel for wheel in wheels if wheel.name.startswith("tweetpipe-")]
    with ZipFile(wheel) as archive:
        released = {name for name in archive.namelist() if "/static/" in name}
    static = ROOT / "tweetpipe" / "dashboard" / "static"
    assert released == {
        path.relative_to(ROOT).as_posix() for path in static.rglob("*") if path.is_file()
    }


def test_the_demo_verifies_a_thousand_tweets_in_an_empty_folder(
    environment: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    programs, variables = environment
    try:
        said = run(programs / "tweetpipe", "demo", folder=tmp_path, environment=variables)
    finally:
        run(programs / "tweetpipe", "down", folder=tmp_path, environment=variables)
    assert "1,000 of 1,000 verified" in said
    assert not list(tmp_path.iterdir())


def test_events_of_ones_own_begin_in_an_empty_folder(
    environment: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    programs, variables = environment
    try:
        run(programs / "tweetpipe", "new", "my-events", folder=tmp_path, environment=variables)
        tested = run(
            *(programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "my-events"),
            folder=tmp_path,
            environment=variables,
        )
        demo = (programs / "tweetpipe", "--events", "my-events", "demo", "--stack", "mine")
        said = run(*demo, folder=tmp_path, environment=variables)
    finally:
        run(programs / "tweetpipe", "down", folder=tmp_path, environment=variables)
    assert " passed" in tested
    assert "1,000 of 1,000 verified" in said


def test_a_function_of_another_project_is_tested_with_the_fixtures(
    environment: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    programs, variables = environment
    readme = (ROOT / "localstack_embedded" / "README.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    (tmp_path / "test_example.py").write_text(example)
    said = run(programs / "python", "-m", "pytest", "-q", folder=tmp_path, environment=variables)
    assert "1 passed" in said
