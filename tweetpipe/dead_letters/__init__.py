"""The dead-letter queue: records that could not be stored, and how to redrive them.

`queue` receives messages and returns them, `bucket` reads complete exhausted batches if the stack
saves them, `finding` searches both, `letter` parses a message, `stream` reads records again,
`reading` says why the function would reject them, `function` stores them, and `redrive` combines
these.
"""

from tweetpipe.dead_letters.bucket import Bucket, bucket_of
from tweetpipe.dead_letters.finding import counts, every_id, find, peek, purge
from tweetpipe.dead_letters.letter import DeadLetter, Kind, StreamPosition, contents
from tweetpipe.dead_letters.queue import Hold

__all__ = [
    "Bucket",
    "DeadLetter",
    "Hold",
    "Kind",
    "StreamPosition",
    "bucket_of",
    "contents",
    "counts",
    "every_id",
    "find",
    "peek",
    "purge",
]
