"""Hides messages from other readers while they are worked on, then returns them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe.aws.errors import TweetpipeError, mistake
from tweetpipe.aws.place import Place
from tweetpipe.dead_letters.bucket import Bucket, Objects
from tweetpipe.dead_letters.letter import DeadLetter, read
from tweetpipe.words import counted

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
        ReceiveMessageResultTypeDef,
    )

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
AT_A_TIME = 10
# An SQS queue is spread over many servers, and an empty answer may only mean that the sampled ones
# had none. An emulator is one server.
_EMPTY_IN_A_ROW = 3
_EMPTY_IN_A_ROW_LOCALLY = 1
_WAIT = 1  # seconds, for each of them
# For emulators that leave out the time a letter was sent; SQS always includes it.
_MOST_UNDATED = 100

# Seconds after which a message reappears if its holder is killed; extended after a third of them. A
# second more for every 20 messages held, because extending more takes longer.
HIDDEN_FOR = 30
_MESSAGES_A_SECOND = 20


class Hold:
    """Messages hidden from other readers until they are deleted or the block ends.

    Those not deleted are returned then; after a kill, they reappear within half a minute (later if
    there are hundreds). Letters in a bucket are never hidden: redriving one twice does no harm.
    """

    def __init__(
        self,
        place: Place,
        queue_url: str,
        *,
        bucket: Bucket | None = None,
        hidden_for: int = HIDDEN_FOR,
    ) -> None:
        self._objects = Objects(place, bucket) if bucket else None
        self._keys: dict[str, str] = {}  # of objects, by letter id
        self._hidden_for = hidden_for
        self._patience = _EMPTY_IN_A_ROW_LOCALLY if place.is_local else _EMPTY_IN_A_ROW
        self._sqs = place.sqs()
        self._queue_url = queue_url
        self._held: dict[str, str] = {}  # receipt handles by message id
        self._deleted: set[str] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._failure: BaseException | None = None  # what ended the thread that prolongs
        self._keeper = threading.Thread(target=self._prolong_until_over, daemon=True)

    def __enter__(self) -> Hold:
        self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._return_all()
        except KeyboardInterrupt:
            # The signal may have come before all were returned.
            self._return_all()
            raise
        if kind is None:
            self._require_keeper()

    def _return_all(self) -> None:
        self._over.set()
        self._keeper.join()
        self._hide_for(0)

    def letters(self, limit: int | None = None) -> Iterator[DeadLetter]:
        """All letters, or `limit` of them, in no particular order and each one once.

        Only letters that were there at the start, so it ends no matter how many arrive.
        """
        fruitless = count = undated = 0
        began: datetime | None = None
        while fruitless < self._patience and (limit is None or count < limit):
            at_most = AT_A_TIME if limit is None else min(AT_A_TIME, limit - count)
            answer = self._receive(at_most)
            began = began or _time_of(answer)
            new = self._take(answer.get("Messages", []))
            old = [letter for letter in new if letter.sent_at is None or letter.sent_at <= began]
            undated += any(letter.sent_at is None for letter in old)
            fruitless = 0 if old and undated <= _MOST_UNDATED else fruitless + 1
            count += len(old)
            yield from old
        if self._objects:
            left = None if limit is None else limit - count
            for letter in islice(self._objects.letters(), left):
                self._keys[letter.id] = letter.key
                yield letter

    def wanted(
        self, wanted: Callable[[DeadLetter], bool], at_most: int | None = None
    ) -> list[DeadLetter]:
        """The wanted letters, up to `at_most`; all others are returned at once."""
        found: list[DeadLetter] = []
        for letter in self.letters():
            if wanted(letter):
                found.append(letter)
            if len(found) == at_most:
                break
        self._hide_for(0, but=frozenset(letter.id for letter in found))
        return found

    def delete(self, ids: Sequence[str]) -> None:
        """Delete letters for good; raises TweetpipeError if one remains."""
        keys = [self._keys[id_] for id_ in ids if id_ in self._keys]
        if self._objects and keys:
            self._objects.delete(keys)
        for some in _in_calls([id_ for id_ in ids if id_ not in self._keys]):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(n), "ReceiptHandle": self._held[id_]} for n, id_ in enumerate(some)
            ]
            answer = self._sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
            failed = answer.get("Failed", [])
            gone = set(some) - {some[int(entry["Id"])] for entry in failed}
            with self._lock:
                for id_ in gone:
                    del self._held[id_]
            self._deleted |= gone
            if failed:
                raise TweetpipeError(
                    f"SQS did not delete {counted(len(failed), 'dead letter')} "
                    f"({failed[0]['Code']}). They are still in the queue. Run the command again. "
                    "Repeating it does no harm."
                )

    def _require_keeper(self) -> None:
        if self._failure is not None:
            raise TweetpipeError(
                f"Other readers may have seen the letters meanwhile: {mistake(self._failure)} None "
                "is lost. Run the command again. Repeating it does no harm."
            ) from self._failure

    def _receive(self, at_most: int) -> ReceiveMessageResultTypeDef:
        self._require_keeper()
        return self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=at_most,
            VisibilityTimeout=self._long_enough(),
            WaitTimeSeconds=_WAIT,
            MessageSystemAttributeNames=["SentTimestamp"],
        )

    def _take(self, messages: list[MessageTypeDef]) -> list[DeadLetter]:
        """New messages only: SQS may redeliver one that is held or deleted."""
        ids = {message["MessageId"] for message in messages}
        known = {id_ for id_ in ids if id_ in self._held or id_ in self._deleted}
        with self._lock:
            self._held |= {m["MessageId"]: m["ReceiptHandle"] for m in messages}
        self.delete([id_ for id_ in known if id_ in self._deleted])
        return [read(message) for message in messages if message["MessageId"] not in known]

    def _prolong_until_over(self) -> None:
        try:
            while not self._over.wait(self._long_enough() / 3):
                self._hide_for(self._long_enough())
        except BaseException as error:
            self._failure = error

    def _long_enough(self) -> int:
        return self._hidden_for + len(self._held) // _MESSAGES_A_SECOND

    def _hide_for(self, seconds: int, *, but: Collection[str] = ()) -> None:
        """Hide the held messages for this long; 0 returns them.

        If interrupted, the next call returns those that are left.
        """
        with self._lock:
            ids = [id_ for id_ in self._held if id_ not in but]
        for some in _in_calls(ids):
            if seconds and self._over.is_set():
                return
            # For the whole call, so that one that was returned isn't hidden again.
            with self._lock:
                handles = [self._held[id_] for id_ in some if id_ in self._held]
                entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                    {"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                    for n, handle in enumerate(handles)
                ]
                # A failure here does no harm: the message reappears automatically, and storing it
                # twice changes nothing.
                with suppress(BotoCoreError, ClientError):
                    self._sqs.change_message_visibility_batch(
                        QueueUrl=self._queue_url, Entries=entries
                    )
                if not seconds:
                    for id_ in some:
                        self._held.pop(id_, None)


def _time_of(answer: ReceiveMessageResultTypeDef) -> datetime:
    """When the queue answered, rounded up, by its own clock, which dates the letters."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) + timedelta(seconds=1) if date else datetime.now(UTC)


def _in_calls(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[start : start + AT_A_TIME] for start in range(0, len(items), AT_A_TIME)]
