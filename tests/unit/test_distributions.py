"""What the two distributions ask for, and what they find of their own files."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tweetpipe import project

EMBEDDED = tomllib.loads(
    (project.ROOT / "localstack_embedded" / "pyproject.toml").read_text(encoding="utf-8")
)["project"]


def required(folder: Path, command: str) -> dict[str, Requirement]:
    """The requirements of tweetpipe as setuptools takes them from a source, without building it."""
    program = (
        "import sys, setuptools; sys.argv = ['setup.py', sys.argv[1]];"
        "setuptools.setup = lambda **given: print(*given['install_requires'], sep='\\n');"
        "exec(compile(open('setup.py').read(), 'setup.py', 'exec'), {'__file__': 'setup.py'})"
    )
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, command],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = map(Requirement, filter(None, printed.splitlines()))
    return {requirement.name: requirement for requirement in found}


def test_a_checkout_asks_for_the_localstack_embedded_that_lies_in_it() -> None:
    embedded = required(project.ROOT, "bdist_wheel")["localstack-embedded"]
    assert embedded.url == (project.ROOT / "localstack_embedded").as_uri()


def test_a_release_asks_for_the_version_that_lies_beside_it() -> None:
    embedded = required(project.ROOT, "sdist")["localstack-embedded"]
    assert embedded.url is None
    assert embedded.specifier.contains(EMBEDDED["version"])


def test_the_pinned_packages_are_those_that_localstack_embedded_works_with() -> None:
    pins = dict(
        re.findall(
            r"^([a-z0-9.-]+)==([^ ;]+)",
            (project.ROOT / "requirements" / "app.txt").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    for requirement in map(Requirement, EMBEDDED["dependencies"]):
        pinned = pins.get(requirement.name)
        if requirement.name == "pip":  # comes with each environment
            pinned = importlib.metadata.version("pip")
        assert pinned, f"{requirement.name} is not in requirements/app.txt"
        assert requirement.specifier.contains(pinned)


@pytest.mark.parametrize(
    ("named", "localstack", "build"),
    [
        ("", "<root>/.localstack", "<root>/build"),
        ("~/there", "<home>/there/localstack", "<home>/there/build"),
    ],
)
def test_what_is_made_lies_in_the_checkout_or_where_tweetpipe_home_says(
    named: str, localstack: str, build: str, tmp_path: Path
) -> None:
    program = "from tweetpipe.project import *; print(LOCALSTACK_HOME, BUILD)"
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "HOME": str(tmp_path), "TWEETPIPE_HOME": named},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    expected = f"{localstack} {build}".replace("<root>", str(project.ROOT))
    assert printed == expected.replace("<home>", str(tmp_path))
