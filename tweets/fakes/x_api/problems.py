"""X's answers, and the bodies of its errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_TYPES = "https://api.x.com/2/problems/"

Problem = dict[str, object]


class Answer(NamedTuple):
    """A status and the JSON that goes with it."""

    status: int
    body: Mapping[str, Any]


UNAUTHORIZED: Problem = {
    "title": "Unauthorized",
    "type": "about:blank",
    "status": 401,
    "detail": "Unauthorized",
}
NOT_FOUND: Problem = {
    "title": "Not Found",
    "type": "about:blank",
    "status": 404,
    "detail": "Not Found",
}
WRONG_CREDENTIALS: Problem = {
    "errors": [
        {
            "code": 99,
            "label": "authenticity_token_error",
            "message": "Unable to verify your credentials",
        }
    ]
}
RATE_LIMIT: Problem = {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}


def unsupported_authentication() -> Problem:
    return {
        "title": "Unsupported Authentication",
        "detail": "This endpoint does not accept OAuth 1.0a User Context. It accepts "
        "[OAuth 2.0 Application-Only].",
        "type": f"{_TYPES}unsupported-authentication",
        "status": 403,
    }


def not_enrolled() -> Problem:
    return {
        "title": "Client Forbidden",
        "detail": "The App of these keys must be in a Project that may use this endpoint.",
        "reason": "client-not-enrolled",
        "required_enrollment": "Appropriate Level of API Access",
        "client_id": "10000001",
        "registration_url": "https://developer.x.com/en/docs/projects/overview",
        "type": f"{_TYPES}client-forbidden",
    }


def usage_capped() -> Problem:
    return {
        "title": "UsageCapExceeded",
        "detail": "Usage cap exceeded: Monthly product cap",
        "period": "Monthly",
        "scope": "Product",
        "account_id": "10000002",
        "type": f"{_TYPES}usage-capped",
    }


def too_many_connections() -> Problem:
    return _connection("TooManyConnections", "The App already has all its connections.")


def no_rules() -> Problem:
    return _connection(
        "RuleConfigurationIssue",
        "Add rules with POST /2/tweets/search/stream/rules before connecting.",
    )


def _connection(issue: str, detail: str) -> Problem:
    return {
        "title": "ConnectionException",
        "detail": detail,
        "connection_issue": issue,
        "type": f"{_TYPES}streaming-connection",
    }


def server_error(status: int) -> Problem:
    titles = {500: "Internal Server Error", 502: "Bad Gateway", 504: "Gateway Timeout"}
    title = titles.get(status, "Service Unavailable")
    return {"title": title, "detail": title, "type": "about:blank", "status": status}


def operational_disconnect() -> Problem:
    return {
        "errors": [
            {
                "title": "operational-disconnect",
                "disconnect_type": "UpstreamOperationalDisconnect",
                "detail": "The stream was disconnected upstream for operational reasons.",
                "type": f"{_TYPES}operational-disconnect",
            }
        ]
    }


def invalid_request(parameter: str, values: Iterable[str], message: str) -> Problem:
    return {
        "errors": [{"parameters": {parameter: list(values)}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters of the request are invalid.",
        "type": f"{_TYPES}invalid-request",
    }


def not_found(id_: str) -> Problem:
    return {
        "value": id_,
        "resource_id": id_,
        "resource_type": "tweet",
        "parameter": "ids",
        "title": "Not Found Error",
        "detail": f"No post has the id {id_}.",
        "type": f"{_TYPES}resource-not-found",
    }


def invalid_rule(value: str, detail: str) -> Problem:
    return {
        "value": value,
        "title": "UnprocessableEntity",
        "detail": detail,
        "details": [detail],
        "type": f"{_TYPES}invalid-rules",
    }


def duplicate_rule(value: str, id_: str) -> Problem:
    return {
        "value": value,
        "id": id_,
        "title": "DuplicateRule",
        "detail": f"The rule already exists with id {id_}.",
        "type": f"{_TYPES}duplicate-rules",
    }


def too_many_rules(value: str, most: int) -> Problem:
    return {
        "value": value,
        "title": "RulesCapExceeded",
        "detail": f"An App may have at most {most} rules.",
        "type": f"{_TYPES}rule-cap",
    }
