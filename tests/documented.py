"""The commands in the documents, and whether they parse.

`NOT_RUN` lists the commands that the tests only parse, with the reason. All others are run, in
order, by tests/integration/test_documented.py.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import typer.main
import yaml
from botocore import xform_name

import localstack_embedded.__main__
import localstack_embedded.emptying
from tests.unit.infra.reading import PARAMETERS
from tweetpipe.commands.app import app

PROJECT = Path(__file__).parents[1]
DOCUMENTS = [
    *(PROJECT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((PROJECT / "docs").glob("*.md")),
    PROJECT / "examples" / "clickstream" / "README.md",
    PROJECT / "localstack_embedded" / "README.md",
]

EXAMPLES_NOT_RUN = {
    r"tweetpipe (--events \S+ )?(demo|up|down)\b.*": "uses another LocalStack; test_wheels.py",
    r"tweetpipe (deploy|destroy)\b.*": "changes other tests' stack; test_lifecycle.py runs it",
    r".*--target aws.*": "needs an AWS account",
    r"tweetpipe produce twitter .*": "reads from X, which costs money; test_x.py runs it",
    r".* --(forever|follow).*": "runs until it is stopped; test_lifecycle.py, test_logs.py run it",
    r"tweetpipe comply .*": "asks X about stored posts; test_comply.py runs it",
    r".* --open": "opens a browser",
    r".* \| .*": "is a pipe; test_pipeline.py runs one",
    r"tweetpipe dead-letters redrive --(all|since)\b.*": "affects other letters; test_redrive.py",
}
"""What of the examples in --help is only parsed, with the reason."""

NOT_RUN = {
    r"make (test|lint|fuzz|soak|bench)\b.*": "takes minutes, or runs this test",
    r"make demo": "test_wheels.py runs tweetpipe demo",
    r"make docs": "test_docs_site.py builds them",
    r"tweetpipe (up|down)\b.*": "uses another LocalStack; test_wheels.py runs the demo",
    r"tweetpipe deploy": "changes other tests' stack; test_lifecycle.py runs it",
    r"uvx .*": "test_wheels.py runs the demo of the wheels",
    r"make package": "test_aws_tools.py runs it, and the two commands after it",
    r"(\.venv/bin/)?python -m benchmarks.*": "takes up to 25 minutes",
    r"docker (compose|buildx) .*": "needs an engine; tests/containers run it",
    r"tweetpipe .*--target aws.*": "needs an AWS account",
    r"aws .*": "needs an AWS account",
    r"python docs/drained\.py .*": "needs an AWS account; test_drain_check.py runs it elsewhere",
    r"OLD=.*": "names a stack in an AWS account",
    r"(git|cd) .*": "works on a repository",
    r"python -m tweetpipe\.plan\.refresh .*": "asks AWS; test_refresh.py asks its own server",
    r"tweetpipe plan .*--prices prices\.json": "reads what the previous command fetches",
    r"pip install .*": "changes the reader's environment",
    r"localstack-embedded .*": "test_readme.py runs them",
    r"curl .*/_localstack/state/reset.*": "empties an emulator; test_reset.py asks for the same",
    r"tweetpipe produce .*--max-tweets 500": "reads from X, which costs money",
    r"tweetpipe comply.*": "asks X; test_comply.py asks the fake X",
}

# Not commands: pictures, data, and output.
DATA = ("json", "mermaid", "text", "yaml")

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}\S.*\n)+")
_SPAN = re.compile(r"`([.\w][^`]+)`")
_PROGRAM = re.compile(r"(tweetpipe|make|docker compose|(\.venv/bin/)?python -m|aws) ")
_SUBSTITUTED = re.compile(r'(?:\w+=|eval ")\$\((.*)\)"?')
_ASSIGNED = re.compile(r"(\w+)=(.*)", re.DOTALL)
# Commands of `aws` that are not operations of the API.
_OF_THE_AWS_TOOL = {
    ("cloudformation", "deploy"): "template-file stack-name capabilities parameter-overrides",
    ("cloudformation", "package"): "template-file s3-bucket output-template-file",
    ("sso", "login"): "",
}


@dataclass(frozen=True)
class Block:
    document: str
    line: int
    language: str
    code: str
    before: str
    """The paragraph before the block."""

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True)
class Command:
    words: list[str]
    environment: dict[str, str]
    """The text before the commands."""

    def __str__(self) -> str:
        return " ".join(
            [*(f"{name}={value}" for name, value in self.environment.items()), *self.words]
        )

    @property
    def reason(self) -> str | None:
        """Why the command is not run here; None if it is run."""
        return next((why for what, why in NOT_RUN.items() if re.fullmatch(what, str(self))), None)


def blocks(document: Path) -> list[Block]:
    """The fenced blocks, then the indented ones."""
    text = document.read_text(encoding="utf-8")

    def block(found: re.Match[str], language: str, code: str) -> Block:
        return Block(
            document=str(document.relative_to(PROJECT)),
            line=text.count("\n", 0, found.start()) + 1,
            language=language,
            code=code,
            before=text[: found.start()].rstrip().rpartition("\n\n")[2],
        )

    without = _FENCED.sub(lambda found: re.sub(r"[^\n]", "-", found[0]), text)
    return [
        *(block(found, found[1], found[2]) for found in _FENCED.finditer(text)),
        *(block(found, "", textwrap.dedent(found[0])) for found in _INDENTED.finditer(without)),
    ]


def commands(code: str) -> Iterator[Command]:
    """The commands of a shell, one per line."""
    for line in code.replace("\\\n", " ").splitlines():
        substituted = _SUBSTITUTED.match(line)
        words = shlex.split(substituted[1] if substituted else line, comments=True)
        environment = {}
        if words[:1] == ["export"]:
            del words[0]
        while words and (assigned := _ASSIGNED.fullmatch(words[0])):
            environment[assigned[1]] = assigned[2]
            del words[0]
        if words or environment:
            yield Command(words, environment)


def commands_in_the_text(document: Path) -> Iterator[str]:
    """Commands with a program, and ours without it, as in `deploy -p ShardCount=4`."""
    for span in _SPAN.findall(_FENCED.sub("", document.read_text(encoding="utf-8"))):
        if _PROGRAM.match(span):
            yield span
        elif span.split()[0] in _tweetpipe().commands and " " in span:
            yield f"tweetpipe {span}"


def check(words: list[str]) -> None:
    """Fails if a program, option, or parameter of the command doesn't exist."""
    match words:
        case ["tweetpipe", *arguments, ">", _] | ["tweetpipe", *arguments]:
            _check_ours(arguments)
        case ["make", target, *variables]:
            makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make has no {target}"
            for variable in variables:
                assert f"$({variable.partition('=')[0]})" in makefile, variable
        case ["docker", "compose", *arguments]:
            _check_compose(arguments)
        case ["docker", "buildx", "build", *_, "."]:
            pass
        case ["aws", "login"]:
            pass
        case ["uvx", "--find-links", folder, "--from", wheel, "tweetpipe", *arguments]:
            version = importlib.metadata.version("tweetpipe")
            assert wheel == f"{folder}/tweetpipe-{version}-py3-none-any.whl"
            _check_ours(arguments)
        case ["aws", service, operation, *arguments]:
            _check_aws(service, operation, arguments)
        case [("python" | ".venv/bin/python"), "-m", module, *arguments]:
            assert importlib.util.find_spec(module), f"there is no module {module}"
            for path in (argument for argument in arguments if argument.startswith("tests/")):
                assert (PROJECT / path).exists(), path
        case ["python", script, *_]:
            assert script == "copy_table.py" or (PROJECT / script).is_file(), script
        case ["localstack-embedded", verb]:
            assert verb in localstack_embedded.__main__.COMMANDS
        case ["pip", "install", what]:
            assert not what.startswith(".") or (PROJECT / what).is_dir(), what
        case ["curl", "-X", "POST", address]:
            assert localstack_embedded.emptying.PATH in address
        case [("git" | "cd"), *_]:
            pass
        case _:
            raise AssertionError(f"No test knows this command: {shlex.join(words)}")


def _check_ours(arguments: list[str]) -> None:
    _parse(_tweetpipe(), arguments)
    for option, value in itertools.pairwise(arguments):
        if option == "-p":
            assert value.partition("=")[0] in PARAMETERS, f"not a parameter: {value}"


def _parse(command: Any, arguments: list[str], parent: Any = None) -> None:
    """Parse with Typer, without running the command; Typer doesn't export its classes."""
    given = [argument for argument in arguments if argument != "--debug"]  # every command has it
    context = command.make_context(command.name, given, parent=parent)
    if rest := [*getattr(context, "_protected_args", ()), *context.args]:
        _, inner, rest = command.resolve_command(context, rest)
        _parse(inner, rest, context)


def _check_compose(arguments: list[str]) -> None:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    match arguments:
        case ["run", "--rm", service, *ours]:
            assert service in compose["services"]
            _check_ours(ours)
        case ["--profile", profile, *rest]:
            assert any(
                profile in service.get("profiles", ()) for service in compose["services"].values()
            )
            _check_compose(rest)
        case ["exec", service, *_]:
            assert service in compose["services"]
        case ["down", *options]:
            assert set(options) <= {"-v"}
        case [("up" | "stop" | "start" | "restart"), *services]:
            assert set(services) <= compose["services"].keys()
        case _:
            raise AssertionError(f"No test knows docker compose {shlex.join(arguments)}")


def _check_aws(service: str, operation: str, arguments: list[str]) -> None:
    options = [word for word in arguments if word.startswith("--")]
    known = {"--output", "--query"} | {
        f"--{name}" for name in _options(service, operation, arguments)
    }
    for option in options:
        assert option in known, f"aws {service} {operation} has no {option}"
    for value in arguments:
        name = value.removeprefix("file://")
        if name != value and name != "import.yaml":
            assert (PROJECT / name).is_file(), value


def _options(service: str, operation: str, arguments: list[str]) -> list[str]:
    if (own := _OF_THE_AWS_TOOL.get((service, operation))) is not None:
        return own.split()
    model = _session().get_service_model(service)
    if operation == "wait":
        waiters = _session().get_waiter_model(service)
        names = {_dashed(name): name for name in waiters.waiter_names}
        called = waiters.get_waiter(names[arguments[0]]).operation
    else:
        called = {_dashed(name): name for name in model.operation_names}[operation]
    shape = model.operation_model(called).input_shape
    options = [_dashed(name) for name in (shape.members if shape else ())]
    return options + [f"no-{name}" for name in options] + ["select", "count"]


def _dashed(name: str) -> str:
    return xform_name(name, "-")


@cache
def _tweetpipe() -> Any:
    return typer.main.get_command(app)


@cache
def _session() -> Any:
    return botocore.session.Session()
