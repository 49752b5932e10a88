"""Phrases that no native writer would use here, and what to write instead.

codespell checks single words, and proselint has a list of its own. These phrases came up in this
project again and again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PHRASES = {
    r"all that (?:is|are|was|were|has|have|had|it|they)": "everything that",
    r"anew": "again",
    r"as it comes": "unchanged; by default",
    r"by (?:itself|themselves)": "automatically; on its own",
    r"comes? home": "arrives",
    r"(?:every|for|after) so (?:many|much|long)": "every few; or name the value",
    r"for want of": "because it lacks",
    r"ha(?:s|ve|d) (?:it|them) (?:deleted|done|kept|made|sent|stored)": "an active verb",
    r"hitherto|thereby|therein|thereof|whereby|wherein": "a plain word",
    r"in case that": "if",
    r"in vain": "without success",
    r"(?:is|are) not well": "has a problem",
    r"(?<!there\s)(?:is|are|was|were) no(?! (?:different|less|longer|more|such)\b)": "is not a",
    r"(?:is|are|was|were) to (?:become|behave|get|happen|have|run|stay)": "must; will",
    r"(?:is|are|was|were) to be(?! performed)": "must be; will be",  # AWS says that
    r"(?:is|are|was|were|be|not) taken for": "is treated as; is mistaken for",
    r"l(?:ie|ies|ay) (?:at|beside|here|in|on|there|with)": "is in",
    r"let(?:s|ting)? (?:it |others |them )?be": "leave unchanged",
    r"(?:any|no|some)body|whoever": "name the user or the program; anyone who",
    r"of (?:its|their) own accord": "automatically",
    r"(?:id|object|one|post|record|rule|tweet)s? a line": "one per line",
    r"one after the other": "one after another",
    r"(?-i:Say) (?:how|which)": "specify; or name the option",
    r"sees? to it": "makes sure",
    r"takes? money": "costs money",
    r"(?:tells?|told) of": "report; learn about",
    r"to be had": "available",
    r"what (?:it|they) held": "its contents",
    r"what (?:became|becomes|has become) of": "what happens to",
    r"what there is": "what exists",
    r"without end": "endlessly; until stopped",
}
"""What to write instead, by the regular expression of a phrase. A space is any white space."""

_VOCABULARY = Path(__file__).with_name("vocabulary.txt")


class Wrong(NamedTuple):
    """A phrase, its line from 1, and what to write instead."""

    line: int
    phrase: str
    instead: str


def find(text: str) -> Iterator[Wrong]:
    """The phrases in a text, and the words of codespell's vocabulary, which reads less."""
    for pattern, instead in _PATTERNS:
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Wrong(line, " ".join(found[0].split()), instead)


def _vocabulary() -> dict[str, str]:
    lines = _VOCABULARY.read_text(encoding="utf-8").splitlines()
    return dict(line.split("->") for line in lines)


def _compiled(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{phrase})\b".replace(" ", r"\s+"), re.IGNORECASE)


_PATTERNS = [(_compiled(phrase), use) for phrase, use in (PHRASES | _vocabulary()).items()]
