"""What moto lacks in operations on tables: checks of requests, and parts of descriptions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import check_range, invalid, invalid_parameter, unconstrained

_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


def check_tables(operation: str, request: Mapping[str, Any]) -> None:
    """Check what moto doesn't in a request for tables; raises Refused."""
    if operation == "CreateTable":
        _check_new(request)
    if operation == "ListTables" and request.get("Limit") is not None:
        check_range(request["Limit"], "limit", 1, 100)


def _check_new(request: Mapping[str, Any]) -> None:
    name = request.get("TableName") or ""
    if not 3 <= len(name) <= 255:
        raise invalid(
            "TableName must be at least 3 characters long and at most 255 characters long"
        )
    if not _NAME.fullmatch(name):
        pattern = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        raise unconstrained(name, "tableName", pattern)
    for place, attribute in enumerate(request.get("AttributeDefinitions") or (), start=1):
        kind = attribute.get("AttributeType")
        if kind not in ("B", "N", "S"):
            where = f"attributeDefinitions.{place}.member.attributeType"
            raise unconstrained(kind, where, "satisfy enum value set: [B, N, S]")
    if request.get("BillingMode") == "PAY_PER_REQUEST" and request.get("ProvisionedThroughput"):
        raise invalid_parameter(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is"
            " PAY_PER_REQUEST"
        )


def complete(
    description: dict[str, Any], kept: dict[str, Any], operation: str, request: Mapping[str, Any]
) -> None:
    """Turn moto's description of a table into AWS's form; `kept` stores what moto doesn't."""
    arn = description["TableArn"]
    description["TableId"] = kept["TableId"]
    if table_class := request.get("TableClass"):
        kept["TableClass"] = table_class
    if table_class := kept.get("TableClass"):
        description["TableClassSummary"] = {"TableClass": table_class}
    if description.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        description.pop("BillingModeSummary", None)
    elif operation != "CreateTable":
        since = description["CreationDateTime"]
        description["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] = since
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if not description.get(kind):
            description.pop(kind, None)
        for index in description.get(kind, ()):
            index["IndexArn"] = f"{arn}/index/{index['IndexName']}"
            index |= {"IndexSizeBytes": 0, "ItemCount": 0}
            if throughput := index.get("ProvisionedThroughput"):
                throughput["NumberOfDecreasesToday"] = 0
    key = description.get("SSEDescription", {}).get("KMSMasterKeyArn")
    if key and not key.startswith("arn:"):
        partition, _service, region, account = arn.split(":")[1:5]
        description["SSEDescription"]["KMSMasterKeyArn"] = (
            f"arn:{partition}:kms:{region}:{account}:key/{key}"
        )
