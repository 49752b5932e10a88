"""A table and a bucket in memory, and what is known of posts."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config

from tests.unit.tweetpipe.dead_letters.doubles import FakeLambda, FakeSqs, refused
from tests.unit.tweetpipe.stubs import session
from tweetpipe.aws.place import LOCAL_REGION, Place, Target
from tweetpipe.complying import Judge
from tweets.compliance import Kept, Ledger

Wire = dict[str, Any]
PAGE = 3  # items of a scan, at most


class FakeTable:
    """Items by their id, in the order of a scan, each of its pages 2.5 read units."""

    def __init__(self, *ids: str) -> None:
        self.items: dict[str, Wire] = {}
        self._order: dict[str, None] = {}
        self.scans: list[dict[str, Any]] = []
        self.refusals: list[str] = []  # of the next scans, by their code
        for id_ in ids:
            self.put(id_)

    def put(self, id_: str, **more: Any) -> None:
        self._order[id_] = None
        self.items[id_] = {"Username": {"S": f"author of {id_}"}, "Id": {"S": id_}, **more}

    def scan(
        self, *, Limit: int, ExclusiveStartKey: Wire | None = None, **asked: Any
    ) -> dict[str, Any]:
        if self.refusals:
            raise refused("Scan", self.refusals.pop(0))
        self.scans.append(asked | {"Limit": Limit})
        names = asked["ExpressionAttributeNames"].values()
        # Where a page began stays known, also when that item is gone.
        ids = list(self._order)
        start = ids.index(ExclusiveStartKey["Id"]["S"]) + 1 if ExclusiveStartKey else 0
        page = [id_ for id_ in ids[start:] if id_ in self.items][: min(Limit, PAGE)]
        answer: dict[str, Any] = {
            "Items": [
                {name: value for name, value in self.items[id_].items() if name in names}
                for id_ in page
            ],
            "ConsumedCapacity": {"CapacityUnits": 2.5},
        }
        if page and page[-1] != ids[-1]:
            answer["LastEvaluatedKey"] = {"Id": {"S": page[-1]}}
        return answer

    def delete_item(self, *, TableName: str, Key: Wire) -> None:
        assert Key["Username"]["S"] == f"author of {Key['Id']['S']}"
        del self.items[Key["Id"]["S"]]

    def update_item(self, *, Key: Wire, UpdateExpression: str, **more: Any) -> None:
        assert more["ConditionExpression"] == "attribute_exists(#sort)"
        id_, name = Key["Id"]["S"], more["ExpressionAttributeNames"]["#marks"]
        if id_ not in self.items:
            raise refused("UpdateItem", "ConditionalCheckFailedException")
        if UpdateExpression.startswith("SET"):
            self.items[id_][name] = more["ExpressionAttributeValues"][":marks"]
        else:
            del self.items[id_][name]


@dataclass
class FakeS3:
    """The objects of one bucket."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def get_paginator(self, _operation: str) -> FakeS3:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        found = [{"Key": key, "Size": len(body)} for key, body in self.objects.items()]
        return [{"Contents": found}]

    def get_object(self, *, Key: str, Range: str, **_: Any) -> dict[str, Any]:
        end = int(Range.rpartition("-")[2]) + 1
        return {"Body": io.BytesIO(self.objects[Key][:end])}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:
        self.objects[Key] = Body

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:
        for one in Delete["Objects"]:
            del self.objects[one["Key"]]
        return {}


class Queue(FakeSqs):
    """A queue that takes messages as well."""

    def send_message(self, *, MessageBody: str, **_: Any) -> None:
        self.put(f"new-{len(self.bodies)}", MessageBody)


@dataclass(frozen=True, kw_only=True)
class StoredPlace(Place):
    """A local place of these doubles."""

    clients: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        *,
        table: FakeTable | None = None,
        queue: FakeSqs | None = None,
        s3: FakeS3 | None = None,
        function: FakeLambda | None = None,
    ) -> StoredPlace:
        return cls(
            target=Target.LOCAL,
            session=session(),
            endpoint="http://localhost:4566",
            region=LOCAL_REGION,
            clients={
                "dynamodb": table or FakeTable(),
                "sqs": queue or Queue({}),
                "s3": s3 or FakeS3(),
                "lambda": function or FakeLambda(),
            },
        )

    def _client(self, service: str, config: Config | None = None) -> Any:
        return self.clients[service]


def judge(*said: dict[str, Any]) -> Judge:
    """One that has heard this."""
    ledger = Ledger()
    for each in said:
        assert ledger.learn(each) or ledger.learn_result(each)
    return Kept(ledger)


def deleted(id_: str) -> dict[str, Any]:
    return {"delete": {"status": {"id": int(id_), "id_str": id_}}}


def edited(*ids: str) -> dict[str, Any]:
    return {"data": {"tweet_edit": {"tweet": {"id": ids[-1]}, "edit_tweet_ids": list(ids)}}}


def withheld(id_: str, *countries: str) -> dict[str, Any]:
    return {"status_withheld": {"id": int(id_), "withheld_in_countries": list(countries)}}


def post(id_: str, **more: Any) -> bytes:
    return json.dumps({"id_str": id_, "text": f"text of {id_}", **more}).encode()
