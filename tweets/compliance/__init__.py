"""X's messages about changed posts, and what they require of stored posts."""

from tweets.compliance.kept import ID, WITHHELD_IN, Kept
from tweets.compliance.ledger import Ledger
from tweets.compliance.notices import MARKS_OF_POSTS, Notice, edit_of, notice_of
from tweets.compliance.reading import learn_from

__all__ = [
    "ID",
    "MARKS_OF_POSTS",
    "WITHHELD_IN",
    "Kept",
    "Ledger",
    "Notice",
    "edit_of",
    "learn_from",
    "notice_of",
]
