"""Splits texts and rules into words in the same way, because only whole words match.

Words end at spaces, punctuation, and symbols. In scripts without spaces between words (Chinese,
Japanese, Thai), each character is a word; so is each emoji.
"""

from __future__ import annotations

import re

_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff"
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903"
    "\u093a-\u094f\u0951-\u0957\u0962\u0963"
)
_LETTERS = rf"[^\W{_UNSPACED}]"
_TOKEN = re.compile(rf"[{_UNSPACED}{_EMOJI}]|{_LETTERS}+(?:[{_MARKS}]+{_LETTERS}*)*")

tokens = _TOKEN.findall
"""The words of a text, unchanged."""


def words(text: str) -> frozenset[str]:
    """The words of a list in a single string."""
    return frozenset(text.split())
