"""Finds the files of a folder of events that the function needs: `item.py` and its imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tweetpipe.aws.errors import WrongUsage

_PACKAGED = frozenset({"aws_lambda_powertools", "boto3", "botocore", "dateutil", "jmespath"})
"""The packages of the function, from requirements/processor.txt and Lambda's runtime."""

RESERVED = (
    sys.stdlib_module_names
    | _PACKAGED
    | {"benchmarks", "localstack_embedded", "processor", "producer", "tests", "tweetpipe"}
    | {"fake_tweets", "tweets"}
    | {"item", "events", "s3transfer", "six", "typing_extensions", "urllib3"}
)
"""Names that a folder of events can't have, because one would shadow the other."""


def function_files(folder: Path, name: str) -> tuple[Path, ...]:
    """The modules for the function's package; raises WrongUsage for one that can't go into it."""
    package = folder / "__init__.py"
    found: dict[Path, None] = {package: None} if package.is_file() else {}
    waiting = [*found, folder / "item.py"]
    while waiting:
        file = waiting.pop()
        found[file] = None
        waiting += [each for each in _imported(file, folder, name) if each not in found]
    return tuple(sorted(found))


def _imported(file: Path, folder: Path, name: str) -> Iterator[Path]:
    """The modules of the folder that one of them imports."""
    for line, module in _names(file, folder, name):
        first, _, rest = module.partition(".")
        if first == name:
            yield from _files(folder, rest.split(".") if rest else [])
        elif first not in sys.stdlib_module_names | _PACKAGED | {"processor"}:
            raise WrongUsage(
                f"{folder.name}/{file.relative_to(folder).as_posix()} imports {first} in line "
                f"{line}, which is not in the function's package. item.py may import only the "
                "standard library, processor, and modules of its own folder. Nothing was started. "
                "Remove the import, then run this command again."
            )


def _names(file: Path, folder: Path, name: str) -> Iterator[tuple[int, str]]:
    """The full names of a module's imports, with their lines."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        where = f" in line {line}" if line else ""
        why = error.msg if isinstance(error, SyntaxError) else error
        raise WrongUsage(
            f"{folder.name}/{file.relative_to(folder).as_posix()} can't be used: it is not valid "
            f"Python{where} ({why}). Nothing was started. Correct the file, then run this "
            "command again."
        ) from error
    package = [name, *file.relative_to(folder).parent.parts]
    for node in _at_run_time(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            # Each imported name may be a module.
            yield node.lineno, module
            if module.partition(".")[0] == name:
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes except those for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _at_run_time(node)


def _files(folder: Path, parts: list[str]) -> Iterator[Path]:
    """The files that importing a module reads, including those of its parent packages."""
    for end in range(1, len(parts) + 1):
        path = folder.joinpath(*parts[:end])
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                yield file
