"""moto's tables, of which a changed item is stored, and told to the stream, in one way only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import RLock
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamo_type
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as StoredItem
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from .changes import change_record
from .errors import invalid, invalid_parameter
from .expressions import RESERVED
from .keys import Attributes, Schema
from .values import Item

# "All data in DynamoDB Streams is subject to a 24-hour lifetime": Change data capture for DynamoDB
# Streams.
_RETENTION = timedelta(hours=24)

LOCK = RLock()
"""Of whoever reads or changes tables, which moto has not made safe for concurrency."""


def mend() -> None:
    """Change what moto does wrong by itself: its streams, and the cost of an item."""
    StreamShard.add = _tell
    DynamoDBBackend.update_table_streams = _switch_stream
    StreamShard.__init__ = _begin
    RESERVED.update(ReservedKeywords.get_reserved_keywords())
    # It adds up the item's size anew for each attribute.
    dynamo_type.LimitedSizeDict = dict


def schema_of(table: Table) -> Schema:
    """The keys of a table."""
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table.attr}

    def keys(schema: list[dict[str, str]]) -> Attributes:
        ordered = sorted(schema, key=lambda entry: entry["KeyType"])  # HASH, then RANGE
        return tuple((entry["AttributeName"], types[entry["AttributeName"]]) for entry in ordered)

    projected = {}
    for index in (*table.indexes, *table.global_indexes):
        projection = index.projection or {}
        kind = projection.get("ProjectionType", "ALL")
        if kind != "ALL":
            more = projection.get("NonKeyAttributes", ()) if kind == "INCLUDE" else ()
            names = (entry["AttributeName"] for entry in (*table.schema, *index.schema))
            projected[index.name] = frozenset((*names, *more))
    return Schema(
        table.name,
        keys(table.schema),
        {index.name: keys(index.schema) for index in table.indexes},
        {index.name: keys(index.schema) for index in table.global_indexes},
        projected,
    )


def all_items(table: Table) -> Iterator[StoredItem]:
    """moto's items, in no order."""
    for partition in list(table.items.values()):
        if table.range_key_attr:
            yield from partition.values()
        else:
            yield partition


class KeptItem(StoredItem):  # type: ignore[misc]
    """moto's item, whose values are made moto's once something asks for them.

    Little does, and making them takes as long as all the rest of storing an item.
    """

    def __init__(self, hash_key: DynamoType, range_key: DynamoType | None, plain: Item) -> None:
        self.hash_key = hash_key
        self.range_key = range_key
        self.plain: Item | None = plain

    @cached_property
    def attrs(self) -> dict[str, DynamoType]:
        """What moto reads, and may change: from now on it counts, and no longer `plain`."""
        attrs = {name: DynamoType(value) for name, value in (self.plain or {}).items()}
        # Both at once, since another thread may read or pickle the item just now.
        self.__dict__.update(attrs=attrs, plain=None)
        return attrs


def plain(item: StoredItem) -> Item:
    """An item of moto's in DynamoDB's own JSON, which nobody may change."""
    kept: Item | None = getattr(item, "plain", None)
    if kept is not None:
        return kept
    return {name: plain_value(value) for name, value in item.attrs.items()}


def plain_value(value: DynamoType) -> dict[str, Any]:
    """A value of moto's in DynamoDB's own JSON."""
    content = value.value
    if value.type == "M":
        content = {name: plain_value(member) for name, member in content.items()}
    elif value.type == "L":
        content = [plain_value(member) for member in content]
    elif value.is_set():
        content = list(content)
    return {value.type: content}


class Place:
    """Where an item is, or may be, in a table."""

    def __init__(self, table: Table, attributes: Item) -> None:
        self.table = table
        self._hash = DynamoType(attributes[table.hash_key_attr])
        sort = table.range_key_attr
        self._range = DynamoType(attributes[sort]) if sort else None

    @property
    def stored(self) -> StoredItem | None:
        """moto's item."""
        found = self.table.items.get(self._hash)
        return found.get(self._range) if found is not None and self._range else found

    @property
    def item(self) -> Item | None:
        """The same in DynamoDB's own JSON."""
        stored = self.stored
        return None if stored is None else plain(stored)

    def set(self, item: Item | None, *, by_expiry: bool = False) -> None:
        """Store the item, or none, and tell the stream of it."""
        shard = self.table.stream_shard
        before = None if shard is None else self.stored
        after = None if item is None else KeptItem(self._hash, self._range, item)
        self.replace(after)
        if shard is not None:
            _tell(shard, before, after, by_expiry=by_expiry)

    def replace(self, after: StoredItem | None) -> None:
        """Store moto's item, or none, and tell nobody."""
        items = self.table.items
        if after is None:
            if self.stored is not None:
                if self._range:
                    del items[self._hash][self._range]
                if not self._range or not items[self._hash]:
                    del items[self._hash]
        elif self._range:
            items[self._hash][self._range] = after
        else:
            items[self._hash] = after


_make = StreamShard.__init__


def _begin(shard: StreamShard, account_id: str, table: Table) -> None:
    _make(shard, account_id, table)
    view = table.stream_specification.get("StreamViewType")
    if view is None:
        raise invalid_parameter("StreamViewType must be specified when StreamEnabled is true")
    shard.view = view  # The table forgets it with the end of the stream.
    shard.trimmed = 0  # records that have expired


def trim(shard: StreamShard, now: datetime) -> None:
    """Drop the records of a stream that are older than a day."""
    kept = (index for index, told in enumerate(shard.items) if now - told.at < _RETENTION)
    expired = next(kept, len(shard.items))
    del shard.items[:expired]
    shard.trimmed += expired


def _tell(
    shard: StreamShard,
    before: StoredItem | None,
    after: StoredItem | None,
    *,
    by_expiry: bool = False,
) -> None:
    table = shard.table
    if not table.stream_specification["StreamEnabled"]:
        return
    now = datetime.now(UTC)
    record = change_record(
        before and plain(before),
        after and plain(after),
        keys=dict.fromkeys(table.table_key_attrs),
        view=shard.view,
        sequence_number=shard.starting_sequence_number + shard.trimmed + len(shard.items),
        region=table.region_name,
        now=now,
        by_expiry=by_expiry,
    )
    if record is not None:
        trim(shard, now)
        shard.items.append(_Told(record, now))


def _switch_stream(_backend: DynamoDBBackend, table: Table, wanted: dict[str, Any]) -> None:
    """Turn a stream on or off; what it has told so far stays until another is turned on."""
    is_on = table.stream_specification["StreamEnabled"]
    if bool(wanted.get("StreamEnabled")) == bool(is_on):
        has = "already has an enabled" if is_on else "has no enabled"
        raise invalid(f"Table {has} stream: TableName: {table.name}")
    table.set_stream_specification(wanted)


class _Told:
    """What moto keeps in a stream."""

    def __init__(self, record: dict[str, Any], at: datetime) -> None:
        self._record = record
        self.at = at

    def to_json(self) -> dict[str, Any]:
        return self._record
