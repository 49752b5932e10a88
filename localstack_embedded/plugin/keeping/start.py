"""Restores the kept state before LocalStack serves, and saves it from then on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Condition
from typing import Any, TypeVar

from localstack import config, constants
from localstack.aws import handlers
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import HandlerChain
from localstack.http import Response
from rolo.gateway import Gateway  # type: ignore[import-not-found]

from ..kept import IN_USE, REFUSED, REFUSED_BY_SYSTEM, kept_folder
from ..kinesis import store
from . import mappings, resuming, services
from .folder import Folder, FolderInUseError, KeptStateError, unusable
from .keeper import Keeper

FORMAT = 1
"""The format of everything written here; state in another format can't be read."""

Answer = TypeVar("Answer")
Watch = Callable[[str, str, Callable[[], Any]], Any]

_PATIENCE = 0.5  # seconds to wait at the end for calls in progress
_RESUMED = {
    "localstack.services.lambda_.invocation.models:lambda_stores": "lambda",
    "localstack.services.cloudwatch.models:cloudwatch_stores": "cloudwatch",
}
"""Services that must be started to run mappings and alarms, by the part that holds those."""


def keep(gateway: Gateway, *, reset_path: str) -> Watch:
    """Restore and save in the folder that the environment names; exits if it can't be used.

    Returns a function that calls must go through if they bypass the gateway.
    """
    path = kept_folder(os.environ)
    assert path
    try:
        keeper = _restored(path)
    except FolderInUseError:
        _refuse(IN_USE)
    except KeptStateError as error:
        _refuse(f"{REFUSED}{error}")
    except OSError as error:
        _refuse(f"{REFUSED_BY_SYSTEM}{error.errno or 0} {error.strerror or error}")
    except Exception as error:
        _refuse(f"{REFUSED}{unusable(path, _told(error))}")
    calls = _Calls(keeper, reset_path)
    chain = gateway.request_handlers
    chain.insert(chain.index(handlers.parse_service_request) + 1, calls.begin)
    gateway.finalizers.append(calls.end)
    _CLOSING.append(partial(_close, calls, keeper))
    keeper.start()
    resuming.resume(_RESUMED[name] for name in keeper.folder.names if name in _RESUMED)
    return calls.watch


_CLOSING: list[partial[None]] = []


def close() -> None:
    """Save everything one last time, before the process ends."""
    for each in _CLOSING:
        each()


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _refuse(why: str) -> None:
    sys.stderr.write(f"{' '.join(why.split())}\n")
    sys.stderr.flush()
    os._exit(1)


def _restored(path: Path) -> Keeper:
    folder = Folder(path, {"LocalStack": constants.VERSION, "format": FORMAT})
    # CloudWatch has its metrics there, in a database that saves itself.
    config.dirs.data = str(path / "data")
    Path(config.dirs.data).mkdir(mode=0o700, exist_ok=True)
    services.give_back(folder.names, folder.read, resuming.restored)
    if places := (folder.note or {}).get("mappings"):
        mappings.wait(places)
    return Keeper(folder, services.parts, mappings.noted, store.STREAMS.flush, kept=resuming.tidy)


class _Calls:
    """Tracks the calls in progress, and refuses new ones at the end."""

    def __init__(self, keeper: Keeper, reset_path: str) -> None:
        self._keeper = keeper
        self._reset_path = reset_path
        self._under_way: set[int] = set()
        self._changed = Condition()
        self._is_closed = False

    def begin(self, _chain: HandlerChain, context: RequestContext, _response: Response) -> None:
        with self._changed:
            if self._is_closed:
                raise CommonServiceException("ServiceUnavailable", "LocalStack is stopping", 503)
            self._under_way.add(id(context))

    def end(self, _chain: HandlerChain, context: RequestContext, _response: Response) -> None:
        if context.request.path == self._reset_path:
            self._keeper.touch_all()
        elif context.service and context.operation and not _only_reads(context.operation.name):
            self._touch(context.service.service_name, context.operation.name)
        self._leave(id(context))

    def _leave(self, call: int) -> None:
        with self._changed:
            self._under_way.discard(call)
            if self._is_closed:
                self._changed.notify_all()

    def watch(self, service: str, operation: str, run: Callable[[], Answer]) -> Answer | None:
        """Answer a call that bypasses the gateway; None leaves it to the gateway."""
        call = object()
        with self._changed:
            if self._is_closed:
                return None
            self._under_way.add(id(call))
        try:
            return run()
        finally:
            if not _only_reads(operation):
                self._touch(service, operation)
            self._leave(id(call))

    def _touch(self, service: str, operation: str) -> None:
        if service != "kinesis":
            self._keeper.touch(service)
        elif not operation.startswith("PutRecord"):
            store.STREAMS.save()  # their settings and details; records are saved anyway

    def close(self) -> None:
        """Refuse new calls, and wait a moment for those in progress."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._under_way, _PATIENCE)


def _only_reads(operation: str) -> bool:
    return operation.startswith(("Get", "Describe", "List", "Head", "BatchGet", "Query", "Scan"))


def _close(calls: _Calls, keeper: Keeper) -> None:
    calls.close()
    keeper.close()
    store.STREAMS.close()
    keeper.folder.close()
