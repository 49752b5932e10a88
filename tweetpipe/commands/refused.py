"""Says in our words what the parser of the command line refuses, and what it would accept."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.commands import guide
from tweetpipe.words import one_of

_ANY = 10  # an example where neither the guide nor a default has one
_UNEXPECTED = re.compile(r"Got unexpected extra argument\(s\) \((.*)\)", re.DOTALL)
_UNKNOWN = re.compile(r"No such command (['\"])(.*?)\1\.(?: Did you mean (.*)\?)?", re.DOTALL)


class Command(TyperCommand):
    """A command that raises WrongUsage for arguments that it can't use."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # typer exports no Context
        with _in_our_words(self, ctx, args):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> object:
        """Rejects nan and inf, which pass range checks."""
        parameter: Any
        for parameter in self.params:
            value = ctx.params.get(parameter.name or "")
            if isinstance(value, float) and not math.isfinite(value):
                raise WrongUsage(_with_help(_invalid(parameter, ctx, str(value)), ctx))
        return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Leaves out the earlier names of options, which still work but would not fit."""
        shown = copy(self)
        shown.params = [_with_one_name(param) for param in self.params]
        super(Command, shown).format_help(ctx, formatter)


class Group(TyperGroup):
    """A group of commands that raises WrongUsage for arguments that it can't use."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and self.no_args_is_help:
            return super().parse_args(ctx, args)
        with _in_our_words(self, ctx, args):
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        with _in_our_words(self, ctx, args):
            return super().resolve_command(ctx, args)


def _with_one_name(param: Any) -> Any:
    shown = copy(param)
    _, *earlier = [name for name in param.opts if name.startswith("--")] or [""]
    shown.opts = [name for name in param.opts if name not in earlier]
    return shown


@contextmanager
def _in_our_words(command: Any, ctx: Any, args: Sequence[str]) -> Iterator[None]:
    """Turns what the parser refuses into WrongUsage."""
    args = [*args]  # the parser consumes them
    try:
        yield
    except typer.TyperException as error:
        raise WrongUsage(_with_help(_words(error, command, ctx, args), ctx)) from error


def _with_help(said: str, ctx: Any) -> str:
    space = "" if said.endswith("\n") else " "
    return f"{said}{space}For help, run:\n  {ctx.command_path} --help"


def _words(error: typer.TyperException, command: Any, ctx: Any, args: list[str]) -> str:
    if isinstance(error, typer.BadParameter) and error.param is not None:
        parameter: Any = error.param
        given, _, _ = command.make_parser(ctx).parse_args([*args])
        value, _ = parameter.consume_value(ctx, given)
        is_missing = value in (None, (), [])
        return _missing(parameter, ctx) if is_missing else _invalid(parameter, ctx, value)
    option = getattr(error, "option_name", "")
    if hasattr(error, "possibilities"):
        known = {name for param in command.params if not param.hidden for name in param.opts}
        near = sorted(known & {*(error.possibilities or ())})
        meant = f" Did you mean {one_of(near)}?" if near else ""
        if option in _options_below(command):
            meant = " Put it after the command that it is for."
        return f"{ctx.command_path} has no option {option}.{meant}"
    for parameter in command.params:
        if option in parameter.opts:
            if parameter.is_flag:
                return f"{option} takes no value."
            return f"{option} needs {_valid(parameter, ctx)}."
    if found := _UNEXPECTED.fullmatch(error.message):
        return f"{ctx.command_path} takes no further arguments, so it can't use {found[1]}."
    if found := _UNKNOWN.fullmatch(error.message):
        meant = f" Did you mean {found[3].replace(chr(39), '')}?" if found[3] else ""
        return f"{ctx.command_path} has no command {found[2]}.{meant}"
    return error.message


def _options_below(command: Any) -> Iterator[str]:
    """The options of a group's commands."""
    for below in getattr(command, "commands", {}).values():
        for parameter in below.params:
            yield from () if parameter.hidden else parameter.opts
        yield from _options_below(below)


def _missing(parameter: Any, ctx: Any) -> str:
    first, *_ = guide.EXAMPLES[_below_program(ctx)]
    return f"{ctx.command_path} needs {_name(parameter)}, as in:\n  {first}\n"


def _invalid(parameter: Any, ctx: Any, value: object) -> str:
    name = _name(parameter)
    if ctx.get_parameter_source(parameter.name).name == "ENVIRONMENT":
        name = f"The variable {parameter.envvar}"
    if parameter.type_descriptor.is_path or isinstance(value, (list, tuple)):
        return f"{name} can't be {_unusable(value)}. Name a file."
    return f"{name} must be {_valid(parameter, ctx)}, not {value!r}."


def _unusable(value: object) -> str:
    """A path that the parser refuses, and why; of several, the first that is a folder."""
    paths = [*map(str, value)] if isinstance(value, (list, tuple)) else [str(value)]
    path = next(filter(os.path.isdir, paths), paths[0])
    if os.path.isdir(path):
        return f"{path}: it is a folder"
    return f"{path}: it can't be read" if os.path.exists(path) else f"{path}: it does not exist"


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name)
    long = [name for name in parameter.opts if name.startswith("--")]
    return str(long[0] if long else parameter.opts[0])


def _valid(parameter: Any, ctx: Any) -> str:
    """What the parameter accepts, with an example where that is not the whole list."""
    kind = parameter.type_descriptor
    if kind.choices is not None:
        return one_of([str(choice.value) for choice in kind.choices])
    example = _example(parameter, ctx)
    if kind.annotation not in (int, float):
        return f"a value, such as {example}" if example else "a value"
    return f"{_number(parameter)}, such as {example}"


def _number(parameter: Any) -> str:
    what = "a whole number" if parameter.type_descriptor.annotation is int else "a number"
    low, high = (_plain(limit) for limit in (parameter.min, parameter.max))
    if low and high:
        return f"{what} from {low} to {high}"
    return f"{what} of at least {low}" if low else what


def _plain(limit: float | None) -> str:
    """A limit as it can be typed: without an exponent and thousands separators."""
    if limit is None:
        return ""
    return f"{limit:.9f}".rstrip("0").rstrip(".") if limit % 1 else f"{limit:.0f}"


def _example(parameter: Any, ctx: Any) -> str:
    """A value from the examples of --help, or else the default or one in the range."""
    own = _below_program(ctx)
    for each in (own, *guide.EXAMPLES):
        for line in guide.EXAMPLES.get(each, ()):
            words = line.split()
            for name in parameter.opts:
                if name in words[:-1]:
                    return words[words.index(name) + 1]
    if parameter.type_descriptor.annotation not in (int, float):
        return ""
    shown = parameter.show_default
    if isinstance(shown, str) and re.fullmatch(r"[\d.]+", shown):
        return shown
    if parameter.default:
        return _plain(parameter.default)
    return _plain(min(max(_ANY, parameter.min or 0), parameter.max or _ANY))


def _below_program(ctx: Any) -> str:
    """The command's name as in the guide, such as produce fake."""
    return str(ctx.command_path).partition(" ")[2]
