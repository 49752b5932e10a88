"""The Makefile's own words."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.documented import check
from tests.waiting import is_gone, wait_for

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (None, "can't be run here"),
        ("exit 1", "can't be run"),
        ("exit 3", "is older"),
        ("exit 4", "is newer"),
    ],
)
def test_a_python_that_will_not_do_is_named_with_the_reason(
    program: str | None, why: str, tmp_path: Path
) -> None:
    python = tmp_path / "anypython"
    if program:
        python.write_text(f"#!/bin/sh\n{program}\n")
        python.chmod(0o755)
    made = subprocess.run(
        ["make", "install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2
    assert f"Python 3.11 to 3.14 is needed, and {python} {why}" in made.stderr
    assert "make install PYTHON=python3.13" in made.stderr
    assert not (tmp_path / "venv").exists()


def test_a_base_image_whose_tag_was_moved_is_found(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    for name in ("Makefile", "Dockerfile", "docker-compose.yml"):
        (tmp_path / name).symlink_to(PROJECT / name)
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "sha256:of-$4"\n')
    docker.chmod(0o755)

    def pins() -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        return subprocess.run(
            ["make", "--no-print-directory", "pins"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    first = pins()
    assert first.returncode == 0, first.stderr
    assert [line.partition("@")[0] for line in first.stdout.splitlines()] == [
        "python:3.13-slim",
        "localstack/localstack:4.9.2",
    ]
    (tmp_path / "build" / "images.txt").rename(tmp_path / "requirements" / "images.txt")
    assert pins().returncode == 0
    docker.write_text('#!/bin/sh\necho "sha256:another"\n')
    moved = pins()
    assert moved.returncode != 0
    assert "> python:3.13-slim@sha256:another" in moved.stdout


# A command that notes how it was called, and does what each test says of it.
COMMAND = """#!/bin/sh
echo "$*" >>calls
case $1 in
{}
esac
"""


def make(folder: Path, does: str, *words: str) -> tuple[int, list[str]]:
    """The exit code of make with such a `tweetpipe`, and the calls."""
    (folder / "Makefile").symlink_to(PROJECT / "Makefile")
    program = folder / ".venv" / "bin" / "tweetpipe"
    program.parent.mkdir(parents=True)
    program.write_text(COMMAND.format(does))
    program.chmod(0o755)
    installed = folder / ".venv" / "app"
    installed.touch()
    made = subprocess.run(
        ["make", *words, "--assume-old", ".venv/app"], cwd=folder, capture_output=True, timeout=60
    )
    return made.returncode, (folder / "calls").read_text().splitlines()


def test_the_live_page_ends_with_its_producer(tmp_path: Path) -> None:
    does = """
    produce) echo $$ >producer; exec sleep 600;;
    dashboard) until [ -s producer ]; do sleep 0.01; done; exit 130;;
    """
    code, calls = make(tmp_path, does, "live", "RATE=7")
    assert code == 2  # make's own, for any that is not 0
    assert calls[:2] == ["up", "deploy --yes"]
    assert sorted(calls[2:]) == ["dashboard", "produce fake --forever --rate 7"]
    wait_for(lambda: is_gone(int((tmp_path / "producer").read_text())), "the producer's end")


def test_the_try_on_aws_verifies_what_it_has_sent(tmp_path: Path) -> None:
    code, calls = make(tmp_path, "*) true;;", "try-aws", "STACK=mine", "COUNT=5", "BOUNDARY=arn")
    assert code == 0
    assert calls == [
        "deploy --target aws --stack mine --yes -p PermissionsBoundary=arn",
        "produce fake --target aws --stack mine --count 5",
        "verify --target aws --stack mine --count 5 --wait 60",
    ]
    for call in calls:
        check(["tweetpipe", *call.split()])


def test_the_try_on_aws_fails_where_a_tweet_is_missing(tmp_path: Path) -> None:
    code, calls = make(tmp_path, "verify) exit 3;;", "try-aws")
    assert code == 2
    assert calls[-1].startswith("verify")
