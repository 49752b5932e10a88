from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetpipe.commands import terminal
from tweetpipe.commands.terminal import printable


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    shown = printable(text)

    assert len(shown) == len(text)
    assert not [c for c in shown if unicodedata.category(c) == "Cc"]


def test_an_escape_sequence_becomes_plain_text() -> None:
    assert printable("a\x1b[31mb\x07\nc\u202ed") == "a [31mb  c d"


@pytest.mark.parametrize("text", ["👩\u200d👩\u200d👧", "❤\ufe0f", "héllo 日本", "👍🏽"])
def test_letters_and_joined_emoji_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


HOSTILE = "\x1b]0;owned\x07 \x9b31m \u202e \u2028 \x7f"


def test_json_holds_nothing_that_could_steer_a_terminal_and_is_still_the_same_value() -> None:
    value = {HOSTILE: [HOSTILE, "좋아요 🎉 é", "\U000e0001"]}

    for text in (terminal.json_text(value), terminal.json_text(value, indent=2)):
        assert all(c.isprintable() or c == "\n" for c in text)
        assert "좋아요 🎉 é" in text
        assert json.loads(text) == value


def test_neither_does_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(f"first {HOSTILE}\nsecond")
    terminal.fail(HOSTILE)

    said = capsys.readouterr().err
    assert all(c.isprintable() or c == "\n" for c in said)
    assert "\nsecond\n" in said
