"""What to run for a function: the command that its runtime stands for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

FUNCTION_MAIN = Path(__file__).with_name("function_main.py")


def python_command(python: Path, client: str, path: Iterable[Path]) -> tuple[str, ...]:
    """Run a handler in Python, with `path` at the front of its `sys.path`; see function_main.py."""
    return (str(python), "-P", str(FUNCTION_MAIN), client, *map(str, path))
