from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetpipe.terminal import printable


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
