"""Everything that is replaced in LocalStack and moto is listed, and exists as it is needed."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack_embedded import ensure_environment
from localstack_embedded.environment import PLUGIN
from localstack_embedded.plugin.patches import PATCHES

FOREIGN = ("localstack", "moto", "rolo", "botocore", "twisted")

CHECK = """
from localstack_embedded_plugin.needs import unmet
from localstack_embedded_plugin.patches import needs
print(*unmet(needs()), sep="\\n")
"""

MODULES = [path for path in PLUGIN.rglob("*.py") if path.name != "python_main.py"]


def replaced(source: str) -> Iterator[str]:
    """The attributes of imported objects that a module assigns to, as module:name."""
    nodes = list(ast.walk(ast.parse(source)))
    imported = {
        (alias.asname or alias.name): f"{node.module}:{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        and not node.level
        and str(node.module).startswith(FOREIGN)
        for alias in node.names
    }
    assignments = [node for node in nodes if isinstance(node, ast.Assign)]
    for target in (target for node in assignments for target in node.targets):
        match target:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in imported:
                yield f"{imported[name]}.{attribute}"


def is_listed(name: str) -> bool:
    """Whether PATCHES has a name; a module may be on either side of the colon."""
    module, _, path = name.partition(":")
    return name in PATCHES or f"{module}.{path.replace('.', ':', 1)}" in PATCHES


def test_a_replacement_is_found_however_it_was_imported() -> None:
    source = """
def patch():
    from localstack.aws import skeleton
    from moto.core.models import Thing as Other
    from .mine import Own
    skeleton.link = Other.run = Own.run = 1
"""
    assert set(replaced(source)) == {
        "localstack.aws:skeleton.link",
        "moto.core.models:Thing.run",
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PLUGIN).as_posix())
def test_what_a_module_replaces_is_listed_with_the_reason(module: Path) -> None:
    assert [name for name in replaced(module.read_text()) if not is_listed(name)] == []


@pytest.mark.heavy
def test_localstack_has_what_is_replaced_in_it_and_what_is_called() -> None:
    python = ensure_environment().python
    check = subprocess.run([python, "-c", CHECK], capture_output=True, text=True, check=False)
    assert (check.stdout.strip(), check.returncode) == ("", 0), check.stderr
