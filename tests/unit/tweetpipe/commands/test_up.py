from __future__ import annotations

from typing import Any

import pytest

import localstack_embedded
from localstack_embedded import Instance
from tests.unit.tweetpipe.test_main import run


@pytest.mark.parametrize(
    ("options", "key", "says"),
    [
        ((), "EMBEDDED0123", "run:\n  export AWS_ACCESS_KEY_ID=EMBEDDED0123\n"),
        (("--open-to-this-machine",), "test", "any user's program may run code as you there.\n"),
    ],
)
def test_up_says_whose_programs_are_served(
    options: tuple[str, ...],
    key: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def start(*_: object, open_to_this_machine: bool, **__: Any) -> Instance:
        assert open_to_this_machine == bool(options)
        return Instance(port=4570, pid=1, version="4.9.2", access_key_id=key)

    monkeypatch.setattr(localstack_embedded, "start", start)
    assert run("up", *options) == 0
    assert capfd.readouterr().err.endswith(says)


@pytest.mark.parametrize("options", [(), ("--shard-limits",)])
def test_up_limits_shards_if_it_is_asked_to(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object, shard_limits: bool, **__: Any) -> Instance:
        assert shard_limits == bool(options)
        return Instance(port=4570, pid=1, version="4.9.2")

    monkeypatch.setattr(localstack_embedded, "start", start)
    assert run("up", *options) == 0


@pytest.mark.parametrize("options", [(), ("--keep",)])
def test_up_keeps_what_is_there_if_it_is_asked_to(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object, keep: bool, **__: Any) -> Instance:
        assert keep == bool(options)
        return Instance(port=4570, pid=1, version="4.9.2")

    monkeypatch.setattr(localstack_embedded, "start", start)
    assert run("up", *options) == 0
