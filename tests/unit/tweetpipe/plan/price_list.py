"""A price list as AWS publishes it for a service and a region, with more in it than is needed."""

from __future__ import annotations

import json
from typing import Any

from tweetpipe.plan.prices import SKUS

Json = dict[str, Any]


def dimension(dollars: str, begin: str = "0", end: str = "Inf", currency: str = "USD") -> Json:
    """A tier of a price."""
    return {
        "rateCode": f"RATE-{begin}",
        "description": "as much as that",
        "beginRange": begin,
        "endRange": end,
        "unit": "Units",
        "pricePerUnit": {currency: dollars},
        "appliesTo": [],
    }


def price_list(service: str, region: str = "eu-central-1", dollars: str = "0.5") -> Json:
    """Everything that is needed of a service, each at the same price, among other entries."""
    products: Json = {"OTHER": product(service, region, "EUC1-IA-Of-Another-Class")}
    terms: Json = {"OTHER": term("OTHER", dimension("99"))}
    for name, sku in SKUS.items():
        if sku.service == service:
            products[name.upper()] = product(
                service, region, f"EUC1-{sku.usage}" if sku.usage else "EUC1-Unknown", sku.operation
            )
            terms[name.upper()] = term(name.upper(), dimension(dollars))
    return {
        "formatVersion": "v1.0",
        "disclaimer": "This pricing list is for informational purposes only.",
        "offerCode": service,
        "version": "20261120000000",
        "publicationDate": "2026-11-20T00:00:00Z",
        "products": products,
        "terms": {"OnDemand": terms, "Reserved": {}},
        "attributesList": {},
    }


def product(service: str, region: str, usage: str, operation: str = "") -> Json:
    """What is sold."""
    return {
        "sku": "in the key",
        "productFamily": "Any",
        "attributes": {
            "servicecode": service,
            "regionCode": region,
            "usagetype": usage,
            "operation": operation,
        },
    }


def term(sku: str, *dimensions: Json, since: str = "2026-11-01T00:00:00Z") -> Json:
    """At which price it is sold."""
    return {
        f"{sku}.JRTCKXETXF": {
            "offerTermCode": "JRTCKXETXF",
            "sku": sku,
            "effectiveDate": since,
            "priceDimensions": {str(number): each for number, each in enumerate(dimensions)},
            "termAttributes": {},
        }
    }


def text(content: Json) -> str:
    """As in a file."""
    return json.dumps(content)
