"""Takes messages out of sight, keeps them there while they are worked on, and gives them back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe.aws.errors import NothingThere, TweetpipeError, WrongUsage, mistake
from tweetpipe.aws.place import Place
from tweetpipe.dead_letters.letter import SHORT_ID, DeadLetter, read
from tweetpipe.words import counted

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
        ReceiveMessageResultTypeDef,
    )

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
_AT_A_TIME = 10
# A queue of SQS lies on many servers, and an empty answer may only mean that those asked had none.
# An emulator is one server.
_EMPTY_IN_A_ROW = 3
_EMPTY_IN_A_ROW_LOCALLY = 1
_WAIT = 1  # seconds, for each of them
# Answers with letters of which the queue doesn't say when they were sent; SQS always does.
_MOST_UNDATED = 100

# Seconds after which a message comes back when its holder is killed; prolonged when a third of them
# is over. A second more for every 20 messages held, as prolonging more of them takes longer.
HIDDEN_FOR = 30
_MESSAGES_A_SECOND = 20

# Messages to be seen, and those that a reader holds or that are yet to appear.
_VISIBLE: QueueAttributeNameType = "ApproximateNumberOfMessages"
_HELD: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Hold:
    """Messages nobody else sees, until they are deleted or the block is left.

    Those not deleted are given back then; after a kill they come back within half a minute (later
    where there are hundreds of them).
    """

    def __init__(self, place: Place, queue_url: str, *, hidden_for: int = HIDDEN_FOR) -> None:
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
        self._over.set()
        self._keeper.join()
        self._hide_for(0)
        if kind is None:
            self._require_keeper()

    def letters(self, limit: int | None = None) -> Iterator[DeadLetter]:
        """All letters, or `limit` of them, in no particular order and each one once.

        Only those that were there when this began: it comes to an end however many arrive.
        """
        fruitless = count = undated = 0
        began: datetime | None = None
        while fruitless < self._patience and (limit is None or count < limit):
            at_most = _AT_A_TIME if limit is None else min(_AT_A_TIME, limit - count)
            answer = self._receive(at_most)
            began = began or _time_of(answer)
            new = self._take(answer.get("Messages", []))
            old = [letter for letter in new if letter.sent_at is None or letter.sent_at <= began]
            undated += any(letter.sent_at is None for letter in old)
            fruitless = 0 if old and undated <= _MOST_UNDATED else fruitless + 1
            count += len(old)
            yield from old

    def wanted(
        self, wanted: Callable[[DeadLetter], bool], at_most: int | None = None
    ) -> list[DeadLetter]:
        """The wanted letters, up to `at_most`; all others are given back at once."""
        found: list[DeadLetter] = []
        for letter in self.letters():
            if wanted(letter):
                found.append(letter)
            if len(found) == at_most:
                break
        self._hide_for(0, but=frozenset(letter.id for letter in found))
        return found

    def delete(self, ids: Sequence[str]) -> None:
        """Deletes letters for good; raises TweetpipeError when the queue keeps one of them."""
        for some in _in_calls(ids):
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
                    f"({failed[0]['Code']}): what it kept is still in the queue. Run this again: "
                    "doing it twice does no harm."
                )

    def _require_keeper(self) -> None:
        if self._failure is not None:
            raise TweetpipeError(
                f"Others may have seen the letters meanwhile: {mistake(self._failure)} "
                "None is lost. Run this again: doing it twice does no harm."
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
        """Those not met before: SQS may deliver a message again that is held, or was deleted."""
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
        """Hides what is held from now on; with 0 it is given back, and no longer held."""
        with self._lock:
            handles = [handle for id_, handle in self._held.items() if id_ not in but]
            if not seconds:
                self._held = {id_: handle for id_, handle in self._held.items() if id_ in but}
        for some in _in_calls(handles):
            if seconds and self._over.is_set():
                return
            entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                {"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for n, handle in enumerate(some)
            ]
            # What fails here does no harm: the message comes back by itself, and storing it twice
            # changes nothing.
            with suppress(BotoCoreError, ClientError):
                self._sqs.change_message_visibility_batch(QueueUrl=self._queue_url, Entries=entries)


def _time_of(answer: ReceiveMessageResultTypeDef) -> datetime:
    """When the queue answered, rounded up, by its own clock: the one that dates the letters."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) + timedelta(seconds=1) if date else datetime.now(UTC)


def counts(place: Place, queue_url: str, *, config: Config | None = None) -> tuple[int, int]:
    """About how many dead letters there are to be seen, and how many more are being held."""
    attributes = place.sqs(config).get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=[_VISIBLE, *_HELD],
    )["Attributes"]
    return int(attributes[_VISIBLE]), sum(int(attributes[held]) for held in _HELD)


def peek(
    place: Place,
    queue_url: str,
    limit: int,
    *,
    wanted: Callable[[DeadLetter], bool] = lambda _: True,
) -> tuple[list[DeadLetter], int]:
    """Up to `limit` dead letters in no particular order, and about how many there are in all.

    They are hidden from other readers while this reads, and given back before it returns.
    """
    about = sum(counts(place, queue_url))
    with Hold(place, queue_url) as hold:
        return hold.wanted(wanted, limit), about


def find(place: Place, queue_url: str, prefixes: Collection[str]) -> list[DeadLetter]:
    """The letters whose ids begin so, one for each; stops once all ids that list shows are found.

    Raises WrongUsage where several begin so, NothingThere where none does.
    """
    if not prefixes:
        return []
    found: dict[str, list[DeadLetter]] = {prefix: [] for prefix in prefixes}
    if not all(found):
        raise WrongUsage("An empty id names no dead letter. Name one of: dead-letters list.")
    with Hold(place, queue_url) as hold:
        for letter in hold.letters():
            for prefix in found:
                if letter.id.startswith(prefix):
                    found[prefix].append(letter)
            # Shorter ones may be the beginning of several.
            if all(letters and len(prefix) >= SHORT_ID for prefix, letters in found.items()):
                break
    for prefix, letters in found.items():
        if not letters:
            raise NothingThere(
                f"No dead letter's id begins with {prefix!r}: it is gone, or another reader holds "
                "it at the moment. See what is there: tweetpipe dead-letters list."
            )
        if len(letters) > 1:
            ids = ", ".join(letter.id for letter in letters[:3])
            raise WrongUsage(
                f"{len(letters):,} dead letters' ids begin with {prefix!r} ({ids}): "
                "give more of the one you mean."
            )
    return list({letter.id: letter for [letter] in found.values()}.values())


def every_id(
    place: Place, queue_url: str, *, wanted: Callable[[DeadLetter], bool] = lambda _: True
) -> set[str]:
    """The ids of all wanted letters that nobody holds."""
    with Hold(place, queue_url) as hold:
        return {letter.id for letter in hold.letters() if wanted(letter)}


def purge(
    place: Place,
    queue_url: str,
    ids: Collection[str],
    *,
    on_deleted: Callable[[int], None] = lambda _: None,
) -> int:
    """Deletes these letters for good, and says how many of them were there to be deleted."""
    left = set(ids)
    with Hold(place, queue_url) as hold:
        chosen: list[str] = []

        def delete() -> None:
            hold.delete(chosen)
            left.difference_update(chosen)
            chosen.clear()
            on_deleted(len(ids) - len(left))

        for letter in hold.letters():
            if letter.id in left:
                chosen.append(letter.id)
            if len(chosen) == min(_AT_A_TIME, len(left)):
                delete()
            if not left:
                break
        delete()
    return len(ids) - len(left)


def _in_calls(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[start : start + _AT_A_TIME] for start in range(0, len(items), _AT_A_TIME)]
