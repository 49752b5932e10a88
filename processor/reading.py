"""Reads a record's bytes as JSON."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from processor.errors import Reason, Rejected


def json_object(data: bytes, *, otherwise: str = "not-an-object") -> dict[str, Any]:
    """The JSON object in a record; if a key occurs twice, the last one counts.

    Raises Rejected for anything else, with the reason `otherwise` for other JSON.
    """
    try:
        value = _parse(data.decode().removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise Rejected(Reason.NOT_UTF_8, f"{error.reason} at byte {error.start}") from error
    except ValueError as error:
        # Python also raises this for an integer of more than 4,300 digits.
        raise Rejected(Reason.NOT_JSON, str(error)) from error
    except RecursionError as error:
        raise Rejected(Reason.NOT_JSON, "nested too deeply") from error
    if not isinstance(value, dict):
        raise Rejected(otherwise, "not a JSON object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Made once: json.loads with an option builds a new decoder for each call.
_parse = json.JSONDecoder(parse_constant=_refuse_constant).decode
