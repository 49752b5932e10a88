"""Pickles what LocalStack and moto hold, including locks, functions, and cryptographic keys.

A lock is restored as a new, unlocked one. A function that can't be imported by name, like a lambda
expression, is found again by its place in its module, and gets back the values it refers to.
"""

from __future__ import annotations

import importlib
import io
import pickle
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from operator import attrgetter
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

_LOCAL = "<locals>"
_EXPORTS = {"private_bytes", "public_bytes"}


def dumps(value: object) -> bytes:
    """The value as bytes; raises pickle's errors if it can't be pickled."""
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(value)
    return file.getvalue()


def loads(content: bytes) -> Any:
    """The value from its bytes."""
    return pickle.loads(content)


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        kind = type(value)  # Looks only at the type: called for each object.
        if reduced := _REDUCED.get(kind):
            return reduced(value)
        if kind.__module__.startswith("cryptography.") and _EXPORTS & set(dir(kind)):
            return _exported(value)
        if issubclass(kind, defaultdict) and kind is not defaultdict:
            # Pickle would make it with its default as the only argument, which not all accept.
            state = value.default_factory, vars(value)
            return _blank, (kind,), state, None, iter(value.items()), _set_default
        return NotImplemented


def _event(is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event


def _blank(kind: Any) -> Any:
    return kind.__new__(kind)


def _set_default(value: Any, state: tuple[Any, dict[str, Any]]) -> None:
    value.default_factory, attributes = state
    vars(value).update(attributes)


def _exported(value: Any) -> Any:
    """How to restore a key or certificate from its DER form."""
    from cryptography import x509  # type: ignore[import-not-found]
    from cryptography.hazmat.primitives import (  # type: ignore[import-not-found]
        serialization as form,
    )

    der = form.Encoding.DER
    if isinstance(value, x509.Certificate):
        return _certificate, (value.public_bytes(der),)
    if hasattr(value, "private_bytes"):
        plain = form.PrivateFormat.PKCS8, form.NoEncryption()
        return _key, (value.private_bytes(der, *plain), True)
    return _key, (value.public_bytes(der, form.PublicFormat.SubjectPublicKeyInfo), False)


def _certificate(content: bytes) -> Any:
    from cryptography.x509 import load_der_x509_certificate  # type: ignore[import-not-found]

    return load_der_x509_certificate(content)


def _key(content: bytes, is_private: bool) -> Any:
    from cryptography.hazmat.primitives import serialization

    if is_private:
        return serialization.load_der_private_key(content, None)
    return serialization.load_der_public_key(content)


def _reduced_function(function: FunctionType) -> Any:
    if _LOCAL not in function.__qualname__:
        return NotImplemented
    outer, *inner = function.__qualname__.split(f".{_LOCAL}.")
    codes = list(_codes(_code_at(function.__module__, outer), inner))
    if function.__code__ not in codes:
        raise pickle.PicklingError(f"{function.__module__}.{function.__qualname__} can't be found")
    place = function.__module__, function.__qualname__, codes.index(function.__code__)
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    state = cells, function.__defaults__, function.__kwdefaults__
    # The values it refers to may refer back to it, so they are set after it exists.
    return _function, (*place, len(cells)), state, None, None, _set_function


def _function(module: str, name: str, number: int, cells: int) -> FunctionType:
    outer, *inner = name.split(f".{_LOCAL}.")
    code = list(_codes(_code_at(module, outer), inner))[number]
    scope = vars(importlib.import_module(module))
    function = FunctionType(code, scope, inner[-1], None, tuple(CellType() for _ in range(cells)))
    function.__qualname__ = name
    return function


def _set_function(function: FunctionType, state: tuple[list[Any], Any, Any]) -> None:
    contents, function.__defaults__, function.__kwdefaults__ = state
    for cell, content in zip(function.__closure__ or (), contents, strict=True):
        cell.cell_contents = content


def _code_at(module: str, name: str) -> CodeType:
    found: Callable[..., Any] = attrgetter(name)(importlib.import_module(module))
    code: CodeType = getattr(found, "__wrapped__", found).__code__
    return code


def _codes(outer: CodeType, names: list[str]) -> Iterator[CodeType]:
    """The functions with this name inside another function, in order."""
    for code in outer.co_consts:
        if isinstance(code, CodeType) and code.co_name == names[0]:
            if names[1:]:
                yield from _codes(code, names[1:])
            else:
                yield code


_REDUCED: dict[type, Callable[[Any], Any]] = {
    type(threading.Lock()): lambda _: (threading.Lock, ()),
    type(threading.RLock()): lambda _: (threading.RLock, ()),
    threading.Condition: lambda condition: (threading.Condition, (condition._lock,)),
    threading.Event: lambda event: (_event, (event.is_set(),)),
    FunctionType: _reduced_function,
    ModuleType: lambda module: (importlib.import_module, (module.__name__,)),
}
