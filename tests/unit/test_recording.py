"""A recording of a terminal shows what the terminal showed, and when."""

from __future__ import annotations

import re
import shlex
from xml.etree import ElementTree

from tests.documented import PROJECT, check
from tests.recording import END, Screen, lines_of, picture

SVG = "{http://www.w3.org/2000/svg}"


def test_a_line_that_is_drawn_again_is_there_once() -> None:
    assert lines_of("a\r\n10 %\r\x1b[2K50 %\r\x1b[2K\x1b[32mdone\x1b[0m\r\nb") == (
        "a",
        "\x1b[32mdone\x1b[0m",
        "b",
    )
    assert lines_of("a\nb\nc\r\x1b[2K\x1b[1A\x1b[2Kd") == ("a", "d", "")


def test_each_screen_is_shown_for_its_time_and_the_last_one_where_nothing_moves() -> None:
    screens = [Screen(0, ()), Screen(2, ("one <&>",)), Screen(5, ("one <&>", "two"))]
    drawn = picture(screens, title="make it", columns=20, rows=2)
    root = ElementTree.fromstring(drawn)

    lines = {group.get("id"): "".join(group.itertext()) for group in root.iter(f"{SVG}g")}
    frames = [group for group in root.iter(f"{SVG}g") if group.get("class") == "f"]
    shown = [[lines[use.get("href", "")[1:]] for use in frame] for frame in frames]
    assert shown == [["$\xa0make\xa0it"], ["$\xa0make\xa0it", "one\xa0<&>"], ["one\xa0<&>", "two"]]
    assert f"animation:{5 + END:g}s" in drawn
    assert re.findall(r"k1\{0%\{visibility:hidden\}20.00%\{visibility:visible\}50.00%", drawn)
    assert ".f:last-child{visibility:visible}" in drawn


def test_what_the_readme_shows_of_the_demo_can_be_typed() -> None:
    root = ElementTree.parse(PROJECT / "docs" / "images" / "demo.svg").getroot()
    lines = [
        "".join(group.itertext()).replace("\xa0", " ").strip() for group in root.iter(f"{SVG}g")
    ]
    typed = [shlex.split(line) for line in lines if line.startswith("tweetpipe ")]

    assert any("1,000 of 1,000 verified" in line for line in lines)
    assert len(typed) > 3
    for words in typed:
        check(words)
