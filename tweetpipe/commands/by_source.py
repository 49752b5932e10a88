"""Makes `produce --source file …` the same as `produce file …`.

Each source is a subcommand with its own options. An option of another source is an error that says
where the option belongs, in the form that the user typed.
"""

from __future__ import annotations

import shlex
from copy import copy
from typing import Any

import typer
from typer.core import TyperOption

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.commands import refused

_BY_OPTION = __name__
_NOT_WITH = {("twitter", "--rate"): "X sets the pace of its stream"}
_IGNORED = "--price-per-post"
"""Has no effect on runs that don't read from X. --source fake has always accepted it."""


def is_by_option(ctx: Any) -> bool:
    """Whether the source was chosen with --source, or not at all."""
    return bool(ctx.meta.get(_BY_OPTION))


class BySource(refused.Group):
    """A group of sources. The first one is the default."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        options = {
            name: [param for param in command.params if isinstance(param, TyperOption)]
            for name, command in self.commands.items()
        }
        for name, command in self.commands.items():
            own = {option.name for option in options[name]}
            others = {
                option.name: _refusing(option, of=other)
                for other in options
                for option in options[other]
                if option.name not in own
            }
            command.params += others.values()
            command.params += [_agreeing(param) for param in self.params]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # typer exports no Context
        first = args[0] if args else "" if ctx.resilient_parsing else "--source"
        if first.startswith("-") and first not in ctx.help_option_names:
            ctx.meta[_BY_OPTION] = True
            args = [self._source(ctx, args), *args]
        return super().parse_args(ctx, args)

    def _source(self, ctx: Any, args: list[str]) -> str:
        default, *_ = self.commands
        parser = self.commands[default].make_parser(ctx)
        try:
            given, rest, _ = parser.parse_args([*args])
        except typer.TyperException:
            return default  # whose own parser then reports it
        if rest and rest[0] in self.commands and not ctx.resilient_parsing:
            # An option before the source may have its name as a value.
            parser.allow_interspersed_args = False
            _, words, _ = parser.parse_args([*args])
            source, *after = words
            typed = shlex.join([source, *args[: len(args) - len(words)], *after])
            raise WrongUsage(f"Put the source before its options:\n  {ctx.command_path} {typed}")
        source = str(given.get("source"))
        return source if source in self.commands else default


def _refusing(option: TyperOption, *, of: str) -> TyperOption:
    """A hidden option that says which source the option belongs to."""

    def refuse(ctx: Any, _: object, __: object) -> None:
        chosen, name, by_option = ctx.command.name, option.opts[0], is_by_option(ctx)
        is_given = ctx.get_parameter_source(option.name).name == "COMMANDLINE"
        if not is_given or (by_option and name == _IGNORED):
            return
        typed = "--source" if by_option else ctx.parent.command_path
        if why := _NOT_WITH.get((chosen, name)):
            raise WrongUsage(f"{name} can't be used with {typed} {chosen}: {why}.")
        explained = f" ({ctx.parent.command_path} {of})" if by_option else ""
        raise WrongUsage(f"{name} works only with {typed} {of}{explained}.")

    return _hidden(option, refuse)


def _agreeing(source: Any) -> TyperOption:
    """A hidden --source for a command that is itself a source."""

    def agree(ctx: Any, _: object, value: object) -> None:
        if value not in (None, ctx.command.name):
            raise WrongUsage(f"--source {value} conflicts with {ctx.command_path}.")

    return _hidden(source, agree)


def _hidden(option: TyperOption, callback: Any) -> TyperOption:
    hidden = copy(option)
    hidden.hidden, hidden.expose_value, hidden.required = True, False, False
    hidden.default = hidden.envvar = None
    hidden.callback = callback
    return hidden
