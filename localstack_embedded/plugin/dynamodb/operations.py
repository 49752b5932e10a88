"""The operations on items, as AWS runs them, on moto's tables.

Each takes a request in DynamoDB JSON and returns the answer; raises Refused.
"""

from __future__ import annotations

from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from . import pages, requests, updates
from .capacity import Consumed, asked_for
from .conditions import condition
from .errors import Refused, invalid, not_found
from .expressions import changes_of, project
from .keys import Schema, check_index_keys
from .old_updates import updated
from .operands import Path
from .reading import Page, read_page
from .requests import Request
from .tables import Place, schema_of
from .values import MAX_ITEM_BYTES, Item, check_item, item_size

Answer = dict[str, Any]

_MAX_BATCH_GET_BYTES = 16 * 2**20


class Operations:
    """The operations on items of one account in one region, except transactions."""

    def __init__(self, backend: DynamoDBBackend) -> None:
        self._backend = backend

    def put_item(self, request: Request) -> Answer:
        """PutItem."""
        requests.check_put(request, self._schema)
        place = self._place(request, request["Item"])
        before = self._meeting_conditions(request, place)
        place.set(request["Item"])
        returned = before if request.get("ReturnValues") == "ALL_OLD" else None
        return self._written(request, before, request["Item"], returned)

    def delete_item(self, request: Request) -> Answer:
        """DeleteItem."""
        requests.check_delete(request, self._schema)
        place = self._place(request, request["Key"])
        before = self._meeting_conditions(request, place)
        place.set(None)
        returned = before if request.get("ReturnValues") == "ALL_OLD" else None
        return self._written(request, before, None, returned)

    def update_item(self, request: Request) -> Answer:
        """UpdateItem."""
        paths = requests.check_update(request, self._schema)
        place = self._place(request, request["Key"])
        before = self._meeting_conditions(request, place)
        after = self._updated(request, place)
        place.set(after)
        kind = request.get("ReturnValues", "NONE")
        returned = {"OLD": before, "NEW": after}.get(kind[-3:])
        if returned and kind.startswith("UPDATED"):
            returned = project(returned, paths)
        return self._written(request, before, after, returned)

    def batch_write_item(self, request: Request) -> Answer:
        """BatchWriteItem."""
        requests.check_batch_write(request, self._schema)
        consumed = []
        for name, writes in request["RequestItems"].items():
            table = self._table(name)
            used = Consumed(self._schema(name))
            consumed.append(used)
            for write in writes:
                after = write["PutRequest"]["Item"] if "PutRequest" in write else None
                place = Place(table, after or write["DeleteRequest"]["Key"])
                if asked_for(request):
                    used.wrote(place.item, after)
                place.set(after)
        return {"UnprocessedItems": {}} | shown(request, consumed)

    def get_item(self, request: Request) -> Answer:
        """GetItem."""
        paths = requests.check_get(request, self._schema)
        consumed = Consumed(self._schema(request["TableName"]))
        item = self._got(request, request["Key"], consumed, request.get("ConsistentRead"))
        return found(item, paths, request) | shown_one(request, consumed)

    def batch_get_item(self, request: Request) -> Answer:
        """BatchGetItem."""
        paths = requests.check_batch_get(request, self._schema)
        answer: Answer = {"Responses": {}, "UnprocessedKeys": {}}
        consumed, size = [], 0
        for name, wanted in request["RequestItems"].items():
            used = Consumed(self._schema(name))
            consumed.append(used)
            items = answer["Responses"].setdefault(name, [])
            for place, key in enumerate(wanted["Keys"]):
                stored = Place(self._table(name), key).item
                size += item_size(stored) if stored else 0
                if size > _MAX_BATCH_GET_BYTES:
                    answer["UnprocessedKeys"][name] = wanted | {"Keys": wanted["Keys"][place:]}
                    break
                used.read(item_size(stored or {}), consistent=bool(wanted.get("ConsistentRead")))
                items += found(stored, paths[name], wanted).values()
        return answer | shown(request, consumed)

    def query(self, request: Request) -> Answer:
        """Query."""
        paths = pages.check_query(request, self._schema)
        return self._page(request, paths)

    def scan(self, request: Request) -> Answer:
        """Scan."""
        paths = pages.check_scan(request, self._schema)
        return self._page(request, paths)

    def _page(self, request: Request, paths: list[Path]) -> Answer:
        schema = self._schema(request["TableName"])
        wanted = [*paths, *((name,) for name in request.get("AttributesToGet") or ())]
        page: Page = read_page(self._table(request["TableName"]), schema, request, wanted)
        consumed = Consumed(schema)
        consumed.read(
            page.size,
            consistent=bool(request.get("ConsistentRead")),
            index=request.get("IndexName"),
        )
        for size in page.fetched:
            consumed.read(size, consistent=bool(request.get("ConsistentRead")))
        answer: Answer = {"Count": len(page.items), "ScannedCount": page.scanned}
        if request.get("Select") != "COUNT":
            answer["Items"] = [found(item, paths, request)["Item"] for item in page.items]
        if page.last is not None:
            answer["LastEvaluatedKey"] = page.last
        return answer | shown_one(request, consumed)

    def _table(self, name: str) -> Table:
        # moto's own lookup walks through all tables.
        tables = self._backend.tables
        table = tables.get(name) or tables.get(name.rpartition(":table/")[2])
        if table is None:
            raise not_found()
        return table

    def _schema(self, name: str) -> Schema:
        return schema_of(self._table(name))

    def _place(self, request: Request, attributes: Item) -> Place:
        return Place(self._table(request["TableName"]), attributes)

    def _meeting_conditions(self, request: Request, place: Place) -> Item | None:
        """The stored item, if any; raises Refused if it doesn't meet the request's conditions."""
        item = place.item
        if not condition(request, "ConditionExpression", "Expected")(item):
            shows = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            raise Refused(
                "ConditionalCheckFailedException",
                "The conditional request failed",
                **({"Item": item} if item and shows else {}),
            )
        return item

    def _updated(self, request: Request, place: Place) -> Item:
        """The item after an update, without storing it; raises Refused."""
        before = place.item or request["Key"]
        if request.get("AttributeUpdates"):
            after = updated(before, request["AttributeUpdates"])
        else:
            after = updates.apply(changes_of(request), before)
        if check_item(after) > MAX_ITEM_BYTES:
            raise invalid("Item size to update has exceeded the maximum allowed size")
        check_index_keys(after, schema_of(place.table))
        return after

    def _got(self, get: Request, key: Item, consumed: Consumed, consistent: Any) -> Item | None:
        item = self._place(get, key).item
        consumed.read(item_size(item or {}), consistent=bool(consistent))
        return item

    def _written(
        self, request: Request, before: Item | None, after: Item | None, returned: Item | None
    ) -> Answer:
        answer: Answer = {"Attributes": returned} if returned else {}
        if asked_for(request):
            consumed = Consumed(self._schema(request["TableName"]))
            consumed.wrote(before, after)
            answer |= shown_one(request, consumed)
        return answer


def found(item: Item | None, paths: list[Path], request: Request) -> Answer:
    """The item for the answer, reduced to the attributes requested; empty if there is none."""
    if item is None:
        return {}
    if names := request.get("AttributesToGet"):
        paths = [(name,) for name in names]
    return {"Item": project(item, paths) if paths else item}


def shown(request: Request, consumed: list[Consumed]) -> Answer:
    """The ConsumedCapacity of a request on several tables, if it asks for it."""
    detail = asked_for(request)
    return {"ConsumedCapacity": [used.shown(detail) for used in consumed]} if detail else {}


def shown_one(request: Request, consumed: Consumed) -> Answer:
    """The ConsumedCapacity of a request on one table, if it asks for it."""
    detail = asked_for(request)
    return {"ConsumedCapacity": consumed.shown(detail)} if detail else {}
