"""What counts as a word: texts and rules are split alike, and only whole words match.

Words end at spaces, punctuation and symbols. Where a script writes none between words (Chinese,
Japanese, Thai) each character counts as one; so does each emoji.
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
"""The words of a text, as they stand in it."""


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())
