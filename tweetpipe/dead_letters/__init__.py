"""The dead-letter queue: what could not be stored, and the way back.

`queue` takes messages and gives them back, `letter` says what a message means, `stream` reads
records again, `function` has them stored, `redrive` puts these together.
"""

from tweetpipe.dead_letters.letter import DeadLetter, Kind, StreamPosition, contents
from tweetpipe.dead_letters.queue import Hold, counts, every_id, find, peek, purge

__all__ = [
    "DeadLetter",
    "Hold",
    "Kind",
    "StreamPosition",
    "contents",
    "counts",
    "every_id",
    "find",
    "peek",
    "purge",
]
