"""What people read of the project, without the code around it: python -m tests.prose FOLDER.

Each document, and each module's docstrings and help, becomes a text file in which everything
stands in its line. `make lint` has codespell and proselint read these.
"""

from __future__ import annotations

import ast
import itertools
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.documented import DOCUMENTS, PROJECT

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


def texts() -> Iterator[tuple[Path, str]]:
    """The prose of each file, by its path in the project."""
    for document in DOCUMENTS:
        if not document.name.endswith(_KOREAN):
            yield document.relative_to(PROJECT), without_code(document.read_text(encoding="utf-8"))
    for package in _PACKAGES:
        for module in sorted((PROJECT / package).rglob("*.py")):
            if "tests" not in module.parts:
                yield module.relative_to(PROJECT), said(module.read_text(encoding="utf-8"))


def without_code(text: str) -> str:
    """A document without blocks, names and addresses, each line where it was."""
    names = map("Q{}".format, itertools.count())
    text = _CODE.sub(lambda code: "\n" * code[0].count("\n") or f"{next(names)},", text)
    # A heading and what follows it are not one sentence.
    return re.sub(r"^$", ".", text, flags=re.MULTILINE)


def said(source: str) -> str:
    """The docstrings and the help of a module, each line where it was."""
    lines = [""] * (source.count("\n") + 1)
    for node in ast.walk(ast.parse(source)):
        for constant in (_docstring(node), _help(node)):
            if constant is not None:
                for number, line in enumerate(str(constant.value).splitlines()):
                    lines[constant.lineno - 1 + number] = line.strip()
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


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in texts():
        file = folder / f"{path}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
