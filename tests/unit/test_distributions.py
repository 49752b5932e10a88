"""What the two distributions ask for, and what they find of their own files."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tweetpipe import project

VERSION = tomllib.loads((project.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "version"
]
EMBEDDED = tomllib.loads(
    (project.ROOT / "localstack_embedded" / "pyproject.toml").read_text(encoding="utf-8")
)["project"]


@cache
def given(folder: Path, command: str, **environment: str) -> dict[str, Any]:
    """What setuptools gets from a source, without building it."""
    program = (
        "import json, sys, setuptools; sys.argv = ['setup.py', sys.argv[1]];"
        "setuptools.setup = lambda **given: print(json.dumps(given));"
        "exec(compile(open('setup.py').read(), 'setup.py', 'exec'), {'__file__': 'setup.py'})"
    )
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, command],
        cwd=folder,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[str, Any] = json.loads(printed)
    return found


def required(folder: Path, command: str) -> dict[str, Requirement]:
    """The requirements of tweetpipe, as setuptools takes them."""
    found = given(folder, command)
    extras = (
        f"{line}; extra == '{name}'"
        for name, lines in found["extras_require"].items()
        for line in lines
    )
    return {each.name: each for each in map(Requirement, [*found["install_requires"], *extras])}


def test_pypi_shows_the_pictures_and_follows_the_links_of_a_release() -> None:
    repository = "https://github.com/someone/tweetpipe"
    text = given(project.ROOT, "sdist", TWEETPIPE_REPOSITORY=repository)["long_description"]
    links = re.findall(r"\]\(([^)]+)\)", text)

    assert [link for link in links if not re.match(r"https?://|#", link)] == []
    assert f"]({repository}/raw/v{VERSION}/docs/images/flow.svg)" in text
    assert f"]({repository}/blob/v{VERSION}/docs/aws.md#costs)" in text


def test_elsewhere_the_readme_is_taken_as_it_is() -> None:
    readme = (project.ROOT / "README.md").read_text(encoding="utf-8")
    assert given(project.ROOT, "sdist", TWEETPIPE_REPOSITORY="")["long_description"] == readme


def test_a_checkout_asks_for_the_localstack_embedded_that_lies_in_it() -> None:
    embedded = required(project.ROOT, "bdist_wheel")["localstack-embedded"]
    assert embedded.url == (project.ROOT / "localstack_embedded").as_uri()


def test_what_draws_the_plan_is_asked_for_by_an_extra_alone() -> None:
    found = required(project.ROOT, "sdist")
    assert str(found["matplotlib"].marker) == 'extra == "plot"'
    assert "pillow" not in found


def test_an_image_has_what_it_is_installed_from(tmp_path: Path) -> None:
    dockerfile = (project.ROOT / "Dockerfile").read_text(encoding="utf-8")
    for words in re.findall(r"^COPY (?:--chown=\d+ )?(.+)$", dockerfile, re.MULTILINE):
        *sources, target = words.split()
        for source in sources:
            if (project.ROOT / source).is_dir():
                shutil.copytree(project.ROOT / source, tmp_path / target)
            else:
                (tmp_path / target).mkdir(exist_ok=True)
                shutil.copy(project.ROOT / source, tmp_path / target)
    assert "localstack-embedded" in required(tmp_path, "editable_wheel")


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


def places(program: str, **environment: str) -> list[str]:
    """What a program prints of `tweetpipe.project`."""
    printed = subprocess.run(
        [sys.executable, "-c", f"from tweetpipe.project import *; print({program}, sep='\\n')"],
        cwd=environment.get("PYTHONPATH"),
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return printed.stdout.splitlines()


def test_what_is_made_lies_in_the_checkout() -> None:
    assert places("LOCALSTACK_HOME, BUILD, SHARES_ENVIRONMENT") == [
        str(project.ROOT / ".localstack"),
        str(project.ROOT / "build"),
        "False",
    ]


def test_what_is_made_lies_where_tweetpipe_home_says(tmp_path: Path) -> None:
    named = {"HOME": str(tmp_path), "TWEETPIPE_HOME": "~/there"}
    assert places("LOCALSTACK_HOME, BUILD, SHARES_ENVIRONMENT", **named) == [
        str(tmp_path / "there" / "localstack"),
        str(tmp_path / "there" / "build"),
        "False",
    ]


def test_what_is_installed_has_its_files_in_the_package_and_the_user_has_the_rest(
    tmp_path: Path,
) -> None:
    package = tmp_path / "tweetpipe"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(project.ROOT / "tweetpipe" / "project.py", package)
    files = "TEMPLATE, PROCESSOR_REQUIREMENTS, PROCESSOR, SHARES_ENVIRONMENT"
    installed = {"HOME": str(tmp_path / "user"), "PYTHONPATH": str(tmp_path)}
    assert places(files, **installed) == [
        str(package / "infra" / "template.yaml"),
        str(package / "requirements" / "processor.txt"),
        str(tmp_path / "processor"),
        "True",
    ]
    for made in places("LOCALSTACK_HOME, BUILD", **installed):
        assert Path(made).is_relative_to(tmp_path / "user")
