"""Registered consumers (enhanced fan-out), and the events of their subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..streams import NoSuchShardError, NoSuchStreamError, Stream, StreamsError, arns
from ..streams.numbers import number_of
from ..tokens import SECONDS_VALID, ForgedTokenError, seal, unseal
from .details import Consumer, details_of
from .errors import KinesisError, in_use, invalid, not_found, over_limit
from .reading import starting_position
from .service import Answer, Caller, Kinesis, Request, account_in, missing, shard_in
from .shown import children_shown, records_shown
from .tags import checked_tags, consumer_in, present_consumers
from .times import seconds_in
from .wire import Moment

_MOST_CONSUMERS, _MOST_AT_ONCE = 20, 5
_CONSUMERS_A_PAGE = 100
_LIST = "ListStreamConsumers"

SUBSCRIPTION_SECONDS = 300.0
_UNDISPUTED_SECONDS = 5.0
"""For this long after it starts, a subscription can't be replaced."""
_EVENT_SECONDS = 5.0
"""The longest time between events."""
_LOOK_SECONDS = 0.5
_MOST_EVENT_BYTES = 2 * 2**20


def register_consumer(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Register a consumer with a stream."""
    stream, name = kinesis.usable(caller, request), request["ConsumerName"]
    consumers = present_consumers(kinesis, details_of(stream))
    account = account_in(stream.arn)
    if name in consumers:
        raise in_use(
            f"Consumer {name} under stream {stream.name} already exists for account {account}."
        )
    if len(consumers) >= _MOST_CONSUMERS:
        raise over_limit(f"A stream can have at most {_MOST_CONSUMERS} consumers.")
    states = [_status(kinesis, consumer) for consumer in consumers.values()]
    if states.count("CREATING") >= _MOST_AT_ONCE:
        raise over_limit(f"At most {_MOST_AT_ONCE} consumers can be created at the same time.")
    now = kinesis.clock()
    consumer = consumers[name] = Consumer(
        name=name,
        arn=f"{stream.arn}/consumer/{name}:{int(now)}",
        created=now,
        status="CREATING",
        busy_until=kinesis.soon(),
        tags=checked_tags({}, request.get("Tags", {})),
        policy=None,
    )
    return {"Consumer": {**_shown(kinesis, consumer), "ConsumerStatus": "CREATING"}}


def deregister_consumer(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Delete a consumer and its subscriptions."""
    stream, consumer = _named(kinesis, caller, request)
    consumer["status"] = "DELETING"
    consumer["busy_until"] = kinesis.soon()
    for subscribed in [key for key in list(kinesis.subscriptions) if key[0] == consumer["arn"]]:
        kinesis.subscriptions.pop(subscribed, None)
    present_consumers(kinesis, details_of(stream))
    return {}


def describe_consumer(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """Describe a consumer, named by its ARN, or by its name and its stream's ARN."""
    stream, consumer = _named(kinesis, caller, request)
    return {"ConsumerDescription": {**_shown(kinesis, consumer), "StreamARN": stream.arn}}


def list_consumers(kinesis: Kinesis, caller: Caller, request: Request) -> Answer:
    """A stream's consumers, a page at a time."""
    stream = kinesis.usable(caller, request)
    after = ""
    if "NextToken" in request:
        try:
            made, arn, after = unseal(_LIST, request["NextToken"])
        except ForgedTokenError:
            raise invalid("Invalid NextToken.") from None
        if arn != stream.arn:
            raise invalid("Invalid NextToken.")
        if kinesis.clock() - made > SECONDS_VALID:
            raise KinesisError("ExpiredNextTokenException", "The NextToken has expired.")
    consumers = present_consumers(kinesis, details_of(stream))
    names = sorted(name for name in consumers if name > after)
    limit = request.get("MaxResults", _CONSUMERS_A_PAGE)
    page = names[:limit]
    more = len(names) > limit
    return {
        "Consumers": [_shown(kinesis, consumers[name]) for name in page],
        "NextToken": seal(_LIST, [kinesis.clock(), stream.arn, page[-1]]) if more else None,
    }


def subscribe(kinesis: Kinesis, _caller: Caller, request: Request) -> Iterator[Answer]:
    """Start sending a shard's records to a consumer; events are made as they are iterated."""
    arn, shard_id = request["ConsumerARN"], request["ShardId"]
    stream = kinesis.at(arns.of_stream(arn))
    consumer = _existing(kinesis, stream, arn)
    if _status(kinesis, consumer) != "ACTIVE":
        raise in_use(
            f"Consumer {consumer['name']} is not ACTIVE, instead in state"
            f" {_status(kinesis, consumer)}"
        )
    shard_in(stream, shard_id)
    start = request["StartingPosition"]
    position = starting_position(
        stream,
        shard_id,
        start["Type"],
        start.get("SequenceNumber"),
        seconds_in(start, "Timestamp"),
    )
    now = kinesis.clock()
    earlier = kinesis.subscriptions.get((arn, shard_id))
    if earlier is not None and now - earlier.since < _UNDISPUTED_SECONDS:
        raise in_use(
            f"Another active subscription exists for this consumer: {account_in(arn)}:"
            f"{stream.name}:{consumer['name']} and shard {shard_id}"
        )
    subscription = kinesis.subscriptions[arn, shard_id] = Subscription(kinesis, arn, shard_id, now)
    return subscription.events(stream, position)


class Subscription:
    """One consumer's subscription to one shard, for five minutes at most."""

    def __init__(self, kinesis: Kinesis, consumer: str, shard_id: str, since: float) -> None:
        self.since = since
        self._kinesis = kinesis
        self._consumer, self._shard_id = consumer, shard_id

    def events(self, stream: Stream, position: int) -> Iterator[Answer]:
        """Yield events until the shard or the time ends; raises KinesisError if cut off earlier."""
        try:
            while self._kinesis.clock() < self.since + SUBSCRIPTION_SECONDS:
                if not self._wait(stream, position):
                    return
                read = stream.read(self._shard_id, position, max_bytes=_MOST_EVENT_BYTES)
                position = position if read.next is None else read.next
                name = self._consumer.rpartition("/")[2].partition(":")[0]
                self._kinesis.metrics.sent(stream, name, read)
                yield self._event(stream, read, position)
                if read.next is None:
                    return
        except NoSuchStreamError:
            raise not_found(missing(stream.arn)) from None
        except (NoSuchShardError, StreamsError):
            return
        finally:
            if self._is_latest:
                self._kinesis.subscriptions.pop((self._consumer, self._shard_id), None)

    @property
    def _is_latest(self) -> bool:
        key = (self._consumer, self._shard_id)
        return self._kinesis.subscriptions.get(key) is self

    def _wait(self, stream: Stream, position: int) -> bool:
        """Wait until the next event is due; returns False if there won't be one."""
        until = self._kinesis.clock() + _EVENT_SECONDS
        while not self._kinesis.is_stopping:
            if not self._is_latest:
                key = (self._consumer, self._shard_id)
                if key in self._kinesis.subscriptions:
                    raise in_use("A newer subscription of the same consumer replaced this one.")
                raise not_found(f"Consumer {self._consumer} was deregistered.")
            now = self._kinesis.clock()
            if now >= min(until, self.since + SUBSCRIPTION_SECONDS):
                return now < self.since + SUBSCRIPTION_SECONDS
            if stream.wait(self._shard_id, position, _LOOK_SECONDS):
                return True
        return False

    def _event(self, stream: Stream, read: Any, position: int) -> Answer:
        shard = shard_in(stream, self._shard_id)
        is_encrypted = details_of(stream)["key_id"] is not None
        event: Answer = {
            "Records": records_shown(read.records, is_encrypted=is_encrypted),
            "MillisBehindLatest": read.behind_ms,
        }
        if read.next is None:
            return {**event, "ChildShards": children_shown(stream, shard)}
        last = read.records[-1].sequence_number if read.records else None
        number = last or number_of(shard.base, position - 1, int(self._kinesis.clock()))
        return {**event, "ContinuationSequenceNumber": number}


def _existing(kinesis: Kinesis, stream: Stream, arn: str) -> Consumer:
    present_consumers(kinesis, details_of(stream))
    return consumer_in(details_of(stream), arn)


def _named(kinesis: Kinesis, caller: Caller, request: Request) -> tuple[Stream, Consumer]:
    """The consumer that a request names, and its stream."""
    arn, name = request.get("ConsumerARN"), request.get("ConsumerName")
    if arn is None:
        if name is None or "StreamARN" not in request:
            raise invalid("Either ConsumerARN or StreamARN and ConsumerName should be provided.")
        stream = kinesis.usable(caller, request)
        consumer = present_consumers(kinesis, details_of(stream)).get(name)
        if consumer is None:
            raise not_found(f"Consumer {name}, account {account_in(stream.arn)} not found.")
        return stream, consumer
    stream_arn = arns.of_stream(arn)
    if request.get("StreamARN", stream_arn) != stream_arn:
        raise invalid(f"ConsumerARN {arn} does not belong to stream {request['StreamARN']}.")
    stream = kinesis.at(stream_arn)
    consumer = _existing(kinesis, stream, arn)
    if name is not None and name != consumer["name"]:
        raise invalid(f"ConsumerARN {arn} does not belong to consumer {name}.")
    return stream, consumer


def _status(kinesis: Kinesis, consumer: Consumer) -> str:
    return consumer["status"] if kinesis.is_before(consumer["busy_until"]) else "ACTIVE"


def _shown(kinesis: Kinesis, consumer: Consumer) -> Answer:
    return {
        "ConsumerName": consumer["name"],
        "ConsumerARN": consumer["arn"],
        "ConsumerStatus": _status(kinesis, consumer),
        "ConsumerCreationTimestamp": Moment(consumer["created"]),
    }
