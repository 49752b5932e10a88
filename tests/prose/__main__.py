"""Extract what people read of the project, without code: python -m tests.prose FOLDER [PROJECT].

Each document, and each module's docstrings and help, becomes a text file with the same lines.
`make lint` runs codespell and proselint on these files. The command itself looks for the phrases of
`tests.prose.phrases`, in all strings of the modules, and fails if it finds any.
"""

from __future__ import annotations

import ast
import itertools
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.documented import DOCUMENTS, PROJECT
from tests.prose.phrases import Wrong, find

_PACKAGES = ("fake_tweets", "localstack_embedded", "processor", "producer", "tweetpipe", "tweets")
_CODE = re.compile(
    r"^```.*?^```$"
    r"|^ {4}\S.*?$"
    r"|`[^`\n]+`"
    r"|<[^>\n]+>"
    r"|(?<=\])\([^)\n]*\)"
    r"|[^\s(]*[./_]\w\S*",
    re.MULTILINE | re.DOTALL,
)
_KOREAN = ".ko.md"
_SHOWN = (
    ".env.example",
    "docker-compose.yml",
    "infra/*.yaml",
    "tweetpipe/dashboard/static/*.html",
    "tweetpipe/dashboard/static/*.js",
)
"""Other files with text for users."""


def texts(project: Path = PROJECT) -> Iterator[tuple[Path, str]]:
    """The prose of each file, by its path in the project."""
    yield from _documents(project)
    for path, source in _modules(project):
        yield path, said(source)


def wrong_phrases(project: Path = PROJECT) -> Iterator[tuple[Path, Wrong]]:
    """The phrases to replace in documents, in the strings of modules, and in other shown files."""
    for path, text in itertools.chain(
        _documents(project),
        ((path, strings(source)) for path, source in _modules(project)),
        _read(project, _SHOWN),
    ):
        for wrong in find(text):
            yield path, wrong


def _documents(project: Path) -> Iterator[tuple[Path, str]]:
    for document in (*DOCUMENTS, PROJECT / "CHANGELOG.md"):
        path = document.relative_to(PROJECT)
        if not path.name.endswith(_KOREAN) and (project / path).exists():
            yield path, without_code((project / path).read_text(encoding="utf-8"))


def _modules(project: Path) -> Iterator[tuple[Path, str]]:
    for path, source in _read(project, [f"{package}/**/*.py" for package in _PACKAGES]):
        if "tests" not in path.parts:
            yield path, source


def _read(project: Path, patterns: Iterable[str]) -> Iterator[tuple[Path, str]]:
    for pattern in patterns:
        for path in sorted(project.glob(pattern)):
            yield path.relative_to(project), path.read_text(encoding="utf-8")


def without_code(text: str) -> str:
    """A document without blocks, names, and addresses; other text keeps its line."""
    names = map("Q{}".format, itertools.count())
    text = _CODE.sub(lambda code: "\n" * code[0].count("\n") or f"{next(names)},", text)
    # A heading and what follows it are not one sentence.
    return re.sub(r"^$", ".", text, flags=re.MULTILINE)


def said(source: str) -> str:
    """The docstrings and the help of a module, in their lines."""
    found = [
        (constant.lineno, str(constant.value))
        for node in ast.walk(ast.parse(source))
        for constant in (_docstring(node), _help(node))
        if constant is not None
    ]
    return _in_lines(source, found)


def strings(source: str) -> str:
    """All strings of a module, in their lines; one of several parts is in the first one's."""
    return _in_lines(source, list(_strings(ast.parse(source))))


def _strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.JoinedStr():
            parts = (
                str(each.value) if isinstance(each, ast.Constant) else "X" for each in node.values
            )
            yield node.lineno, "".join(parts)
        case ast.Constant(str()):
            yield node.lineno, str(node.value)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _strings(child)


def _in_lines(source: str, found: Iterable[tuple[int, str]]) -> str:
    lines = [""] * (source.count("\n") + 1)
    for first, text in found:
        for number, line in enumerate(text.splitlines()):
            at = min(first - 1 + number, len(lines) - 1)
            lines[at] = f"{lines[at]} . {line.strip()}" if lines[at] else line.strip()
    return without_code("\n".join(lines))


def _docstring(node: ast.AST) -> ast.Constant | None:
    match node:
        case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            match node.body:
                case [ast.Expr(ast.Constant(str()) as constant), *_]:
                    return constant
    return None


def _help(node: ast.AST) -> ast.Constant | None:
    match node:
        case ast.keyword("help" | "epilog", ast.Constant(str()) as constant):
            return constant
    return None


def main(folder: Path, project: Path = PROJECT) -> str:
    """Write the prose into the folder, and return a line for each wrong phrase."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in texts(project):
        file = folder / f"{path}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return "\n".join(
        f"{path}:{wrong.line}: {wrong.phrase} ==> {wrong.instead}"
        for path, wrong in wrong_phrases(project)
    )


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])) or None)
