"""Workflows, hooks and the development container do what the Makefile does, and no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"), key=lambda path: path.name)


def of_yaml(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def assert_made(command: str) -> None:
    """Says so if this is not a call of make with a target of ours and nothing else."""
    call = re.fullmatch(r"make ([a-z-]+)( [A-Z]+=[\w.-]+)*", command)
    assert call, command
    assert call[1] in TARGETS, command


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_step_of_a_workflow_is_a_target_of_the_makefile(path: Path) -> None:
    for job in of_yaml(path)["jobs"].values():
        for step in job.get("steps", []):
            if "run" in step:
                assert_made(step["run"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_the_repository_and_prove_its_identity_and_no_more(path: Path) -> None:
    workflow = of_yaml(path)
    allowed = {"contents": "read", "id-token": "write"}
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job.get("permissions", {}).items() <= allowed.items()
        assert "timeout-minutes" in job or "uses" in job


def test_the_tests_run_on_both_systems_and_each_python() -> None:
    matrix = of_yaml(PROJECT / ".github/workflows/test.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]


def test_the_hooks_run_what_the_linters_run() -> None:
    for hook in of_yaml(PROJECT / ".pre-commit-config.yaml")["repos"][0]["hooks"]:
        program = hook["entry"].removeprefix(".venv/bin/").split()
        assert hook["entry"].startswith(".venv/bin/")
        assert f"$(BIN)/{program[0]}" in MAKEFILE, hook["entry"]


def test_the_development_container_starts_what_the_makefile_starts() -> None:
    lines = (PROJECT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads(re.sub(r"^\s*//.*$", "", lines, flags=re.MULTILINE))
    for when in ("onCreateCommand", "postAttachCommand"):
        assert_made(container[when])
