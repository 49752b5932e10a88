"""Make the pages on commands, settings, parameters, and outputs from the code and the template."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main

from tweetpipe.commands.app import app
from tweetpipe.deploying import parameters
from tweetpipe.project import ROOT, TEMPLATE

_TYPE = re.compile(r"<(?:list\[)?(\w+)[^>]*>")
_SETTING = ("variable", "default or example", "what it is")


def write(folder: Path) -> None:
    """Write the pages to a folder."""
    template = parameters.read(TEMPLATE.read_text(encoding="utf-8"))
    pages = {
        "reference-commands.md": _commands(),
        "reference-settings.md": _settings(),
        "reference-parameters.md": _parameters(template),
        "reference-outputs.md": _outputs(template),
    }
    for name, lines in pages.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "What `--help` shows for each command.\n"
    command: Any = typer.main.get_command(app)
    yield from _command(command, command.context_class(command, info_name="tweetpipe"))


def _command(command: Any, context: Any) -> Iterator[str]:
    """Yield a command with its options, or all subcommands; typer doesn't export their classes."""
    if inner := getattr(command, "commands", {}):
        for name, each in inner.items():
            yield from _command(each, command.context_class(each, info_name=name, parent=context))
        return
    yield f"## {context.command_path}\n"
    yield f"{inspect.cleandoc(command.help)}\n"
    rows = [each.get_help_record(context) for each in command.params]
    options = [
        ("`" + _TYPE.sub(r"<\1>", name) + "`", text)
        for name, text in filter(None, rows)
        if "--help" not in name
    ]
    yield from _table(("argument or option", "what it is"), options)
    if command.epilog:
        yield f"```text\n{inspect.cleandoc(command.epilog)}\n```\n"


def _settings() -> Iterator[str]:
    """Read .env.example, where a comment describes the variables below it, each as #NAME=value."""
    yield "# Settings\n"
    yield "Set them in a file `.env` in the current folder, or in the environment.\n"
    rows: list[tuple[str, str, str]] = []
    for part in (ROOT / ".env.example").read_text(encoding="utf-8").split("\n\n"):
        if heading := re.fullmatch(r"# --- (.*) ---", part.strip()):
            yield from _table(_SETTING, rows)
            yield f"## {heading[1]}\n"
            rows = []
        described = " ".join(re.findall(r"^# (.*)", part, re.MULTILINE))
        variables = re.findall(r"^#(\w+)=(.*)", part, re.MULTILINE)
        rows += [
            (f"`{name}`", f"`{value}`" if value else "", described) for name, value in variables
        ]
    yield from _table(_SETTING, rows)


def _parameters(template: dict[str, Any]) -> Iterator[str]:
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    yield "# Parameters of the template\n"
    yield "`tweetpipe deploy -p NAME=VALUE` sets a parameter. It stays set until you change it.\n"
    for group in interface["ParameterGroups"]:
        yield f"## {group['Label']['default']}\n"
        yield from _table(
            ("parameter", "default", "allowed", "what it is"),
            [_parameter(name, template["Parameters"][name]) for name in group["Parameters"]],
        )


def _parameter(name: str, entry: dict[str, Any]) -> tuple[str, str, str, str]:
    if values := entry.get("AllowedValues"):
        allowed = ", ".join(f"`{value}`" for value in values)
    elif "MaxValue" in entry:
        allowed = f"{entry.get('MinValue', 0)} to {entry['MaxValue']}"
    else:
        allowed = f"`{pattern}`" if (pattern := entry.get("AllowedPattern")) else ""
    default = str(entry["Default"])
    return f"`{name}`", f"`{default}`" if default else "none", allowed, entry["Description"]


def _outputs(template: dict[str, Any]) -> Iterator[str]:
    yield "# Outputs of the template\n"
    yield "`tweetpipe status` and CloudFormation's console show these values of a stack.\n"
    rows = [
        (
            f"`{name}`",
            entry["Description"],
            f"if `{entry['Condition']}`" if "Condition" in entry else "",
        )
        for name, entry in template["Outputs"].items()
    ]
    yield from _table(("output", "what it is", "condition"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    yield _line(head)
    yield _line(tuple("---" for _ in head))
    yield from map(_line, rows)
    yield ""


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(cell: str) -> str:
    """Return a cell in one line, with bars escaped except in code."""
    one_line = " ".join(cell.split())
    return re.sub(r"(`[^`]*`)|\|", lambda found: found[1] or r"\|", one_line)
