"""TransactWriteItems and TransactGetItems."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from moto.dynamodb.models import DynamoDBBackend

from . import requests
from .capacity import Consumed
from .errors import Refused
from .operations import Answer, Operations, found, shown
from .requests import Request
from .tables import Place
from .values import Item

_TOKEN_SECONDS = 600.0


class Transactions(Operations):
    """All operations on items, including transactions, of one account in one region."""

    def __init__(self, backend: DynamoDBBackend, clock: Callable[[], float] = time.time) -> None:
        super().__init__(backend)
        self._clock = clock
        # Stored with the tables, so that a reset clears both.
        self._tokens: dict[str, tuple[str, float]] = vars(backend).setdefault("tokens", {})

    def transact_write_items(self, request: Request) -> Answer:
        """TransactWriteItems."""
        requests.check_transact_write(request, self._schema)
        if self._was_done(request):
            return self._consumed_again(request)
        prepared, reasons = [], []
        for item in request["TransactItems"]:
            ((kind, action),) = item.items()
            place = self._place(action, action["Item" if kind == "Put" else "Key"])
            try:
                self._meeting_conditions(action, place)
                prepared.append((kind, action, place, self._after(kind, action, place)))
                reasons.append({"Code": "None"})
            except Refused as refused:
                reasons.append(_reason(refused))
        codes = [reason["Code"] for reason in reasons]
        if any(code != "None" for code in codes):
            raise Refused(
                "TransactionCanceledException",
                "Transaction cancelled, please refer cancellation reasons for specific reasons"
                f" [{', '.join(codes)}]",
                CancellationReasons=reasons,
            )
        consumed: dict[str, Consumed] = {}
        for kind, action, place, after in prepared:
            schema = self._schema(action["TableName"])
            used = consumed.setdefault(schema.table, Consumed(schema, "Write"))
            used.wrote(place.item, after)
            if kind != "ConditionCheck":
                place.set(after)
        if token := request.get("ClientRequestToken"):
            self._tokens[token] = (_fingerprint(request), self._clock())
        return shown(request, list(consumed.values()))

    def transact_get_items(self, request: Request) -> Answer:
        """TransactGetItems."""
        paths = requests.check_transact_get(request, self._schema)
        consumed: dict[str, Consumed] = {}
        responses = []
        for item, wanted in zip(request["TransactItems"], paths, strict=True):
            get = item["Get"]
            schema = self._schema(get["TableName"])
            used = consumed.setdefault(schema.table, Consumed(schema, "Read"))
            responses.append(found(self._got(get, get["Key"], used, True), wanted, get))
        return {"Responses": responses} | shown(request, list(consumed.values()))

    def _after(self, kind: str, action: Request, place: Place) -> Item | None:
        """The item after one action of a transaction."""
        if kind == "Put":
            item: Item = action["Item"]
            return item
        if kind == "Update":
            return self._updated(action, place)
        return None if kind == "Delete" else place.item

    def _was_done(self, request: Request) -> bool:
        """Whether this transaction was done already; its token is valid for 10 minutes.

        Raises Refused if the token was used for another transaction.
        """
        now = self._clock()
        for token, (_request, then) in list(self._tokens.items()):
            if now - then >= _TOKEN_SECONDS:
                del self._tokens[token]
        done = self._tokens.get(request.get("ClientRequestToken", ""))
        if done and done[0] != _fingerprint(request):
            raise Refused(
                "IdempotentParameterMismatchException",
                "DynamoDB rejected the request because you retried a request with a different"
                " payload but with an idempotent token that was already used.",
            )
        return done is not None

    def _consumed_again(self, request: Request) -> Answer:
        """The answer to a repeated transaction; it consumes read units instead of write units."""
        consumed: dict[str, Consumed] = {}
        for item in request["TransactItems"]:
            ((kind, action),) = item.items()
            schema = self._schema(action["TableName"])
            used = consumed.setdefault(schema.table, Consumed(schema, "Read"))
            self._got(action, action["Item" if kind == "Put" else "Key"], used, True)
        return shown(request, list(consumed.values()))


def _reason(refused: Refused) -> Answer:
    """The cancellation reason for an action; raises other errors, which fail the whole call."""
    known = {
        "ConditionalCheckFailedException": "ConditionalCheckFailed",
        "ValidationException": "ValidationError",
    }
    if refused.code not in known:
        raise refused
    return {"Code": known[refused.code], "Message": refused.message, **refused.more}


def _fingerprint(request: Request) -> str:
    return json.dumps(request["TransactItems"], sort_keys=True)
