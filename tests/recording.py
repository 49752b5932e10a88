"""Records a command in a terminal as an animated SVG without scripts.

A browser plays it even if a page shows it as an image. Without animation, it shows the end.
"""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.pseudo_terminal import PseudoTerminal

LONGEST_WAIT = 1.2  # longest pause in the picture, in seconds
END = 5.0  # seconds for which its end is shown

_LOOK_EVERY = 0.1
_LINE_HEIGHT = 24.4  # that of Rich
_CHARACTER = 12.2
_MARGIN, _BAR = 12, 38

_WRITTEN = re.compile(r"\x1b\[(?P<number>\d*)[\d;?]*(?P<what>[A-Za-z])|[\r\n]|[^\x1b\r\n]+")
_TEXT = re.compile(r'<text class="(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')
_STYLE = re.compile(r"\.x-(r\d+) \{ (.*?) \}")


@dataclass(frozen=True)
class Screen:
    at: float
    """Seconds since the start."""

    lines: tuple[str, ...]
    """The lines, with the escapes that color them."""


def lines_of(output: str) -> tuple[str, ...]:
    """The screen after this output of Rich, which redraws only whole lines."""
    lines, row = [""], 0
    for written in _WRITTEN.finditer(output):
        match written["what"]:
            case None if written[0] == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            case None if written[0] == "\r":
                pass
            case None | "m":
                lines[row] += written[0]
            case "K":
                lines[row] = ""
            case "A":
                row -= int(written["number"] or 1)
    return tuple(lines)


def recorded(terminal: PseudoTerminal) -> list[Screen]:
    """The screens until the command has ended, with events; pauses are shortened."""
    screens = [Screen(0.0, ())]
    waited, running = 0.0, True
    while running:
        try:
            terminal.process.wait(_LOOK_EVERY)
            running = False
            terminal.read_all()
        except subprocess.TimeoutExpired:
            pass
        waited = min(waited + _LOOK_EVERY, LONGEST_WAIT)
        lines = lines_of(terminal.output)
        if lines != screens[-1].lines:
            screens.append(Screen(screens[-1].at + waited, lines))
            waited = 0.0
    return screens


def picture(screens: Sequence[Screen], *, title: str, columns: int, rows: int) -> str:
    """The SVG; `title` is the typed command."""
    prompt = f"\x1b[32m$\x1b[0m {title}"
    frames = [(each.at, _visible((prompt, *each.lines), columns, rows)) for each in screens]
    distinct = list(dict.fromkeys(line for _, lines in frames for line in lines if line.strip()))
    styles, drawn = _drawn(distinct, columns)
    number = {line: index for index, line in enumerate(distinct)}
    ends = [*(at for at, _ in frames[1:]), frames[-1][0] + END]
    length = ends[-1]
    width, height = columns * _CHARACTER + 2 * _MARGIN, rows * _LINE_HEIGHT + _BAR + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        f"<title>{escape(title)}</title>",
        "<style>text{font:20px ui-monospace,Menlo,Consolas,monospace;white-space:pre}"
        f".f{{visibility:hidden;animation:{length:g}s step-end infinite}}"
        ".f:last-child{visibility:visible}"
        "@media(prefers-reduced-motion:reduce){.f{animation:none!important}}",
        *styles,
        *(
            f"@keyframes k{index}{{0%{{visibility:{'hidden' if index else 'visible'}}}"
            f"{100 * at / length:.2f}%{{visibility:visible}}"
            f"{100 * end / length:.2f}%{{visibility:{'hidden' if end < length else 'visible'}}}}}"
            for index, ((at, _), end) in enumerate(zip(frames, ends, strict=True))
        ),
        "</style>",
        f"<defs>{''.join(drawn)}</defs>",
        f'<rect width="{width:g}" height="{height:g}" rx="8"',
        f' fill="{MONOKAI.background_color.hex}"/>',
        *(
            f'<circle cx="{22 + 22 * index}" cy="20" r="7" fill="{color}"/>'
            for index, color in enumerate(("#ff5f57", "#febc2e", "#28c840"))
        ),
        f'<g transform="translate({_MARGIN},{_BAR})">',
    ]
    for index, (_, lines) in enumerate(frames):
        used = "".join(
            f'<use href="#l{number[line]}" y="{row * _LINE_HEIGHT:g}"/>'
            for row, line in enumerate(lines)
            if line.strip()
        )
        parts.append(f'<g class="f" style="animation-name:k{index}">{used}</g>')
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _visible(lines: Sequence[str], columns: int, rows: int) -> list[str]:
    """The last rows; longer lines are wrapped."""
    return [part for line in lines for part in _wrapped(line, columns)][-rows:]


def _wrapped(line: str, columns: int) -> Iterator[str]:
    """Lines without a style are cut; those with one fit."""
    if "\x1b" in line or len(line) <= columns:
        yield line.rstrip()
    else:
        yield from (line[start : start + columns] for start in range(0, len(line), columns))


def _drawn(lines: Sequence[str], columns: int) -> tuple[list[str], list[str]]:
    """The styles, and each line as a group that is drawn at the top."""
    console = Console(
        record=True, width=columns, file=io.StringIO(), force_terminal=True, highlight=False
    )
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, crop=True, overflow="crop")
    exported = console.export_svg(
        theme=MONOKAI, unique_id="x", code_format="{styles}\n{matrix}"
    ).replace('class="x-', 'class="')
    styles = [f".{name}{{{rules}}}" for name, rules in _STYLE.findall(exported)]
    groups: list[list[str]] = [[] for _ in lines]
    for style, x, y, text in _TEXT.findall(exported):
        row = round((float(y) - 20) / _LINE_HEIGHT)
        groups[row].append(f'<text class="{style}" x="{x}" y="20">{text}</text>')
    return styles, [f'<g id="l{index}">{"".join(group)}</g>' for index, group in enumerate(groups)]
