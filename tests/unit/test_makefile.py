"""The Makefile's own words."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

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
            ["make", "pins"], cwd=tmp_path, env=environment, capture_output=True, text=True
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
