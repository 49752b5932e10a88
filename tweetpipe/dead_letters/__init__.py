"""The dead-letter queue: what could not be stored, and the way back.

`queue` takes messages and gives them back, `bucket` has exhausted batches whole where a stack keeps
them so, `finding` looks through both, `letter` says what one means, `stream` reads records again,
`function` has them stored, `redrive` puts these together.
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
