"""Every option at its limits and beyond them: taken, or refused in a line that names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import typer.main
from botocore.config import Config

from tests.unit.tweetpipe.commands.endpoint import KNOWS_THE_STACK, Endpoint
from tweetpipe.aws.errors import NothingThere
from tweetpipe.aws.place import Place
from tweetpipe.aws.sessions import local_session
from tweetpipe.commands.app import app
from tweetpipe.commands.main import main
from tweetpipe.live.once import look_once
from tweetpipe.project import ROOT

HUGE = str(10**30)
NO_NUMBERS = ("", "x", "nan", "inf", "-inf")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Values of an option that are taken, those that are refused, and what goes with them."""

    taken: Sequence[str]
    refused: Sequence[str] = ()
    beside: str = ""


STACK = Row(taken=["a", "a" * 46, "A-1"], refused=["", "1a", "-a", "a_b", "a" * 47, "a\n", "ä"])
TARGET = Row(taken=["local"], refused=["", "mars", "LOCAL "])
PORT = Row(taken=["1", "65535"], refused=[*NO_NUMBERS, "0", "-1", "65536", "80.5", HUGE])
SEED = Row(taken=["0", HUGE], refused=[*NO_NUMBERS, "-1", "0.5"])
AT_LEAST_ONE = Row(taken=["1", HUGE], refused=[*NO_NUMBERS, "0", "-1", "1.5"])
SHARE = Row(taken=["0", "0.5", "1"], refused=[*NO_NUMBERS, "-0.1", "1.1"])
KIND = Row(taken=["rejected", "exhausted", "unknown"], refused=["", "x"], beside="--all")
RATE = Row(taken=["0.001", "1e300"], refused=[*NO_NUMBERS, "0", "0.0009", "-1"])
WAIT = Row(taken=["0", "1e300"], refused=[*NO_NUMBERS, "-1"])
UNDELIVERED = Row(taken=["u.ndjson"])
AGE = Row(
    taken=["0s", "1s", "999999m", "3653d"],
    refused=["", "9", "d", "-1m", "1.5h", "1w", "3654d", "999999d", f"{HUGE}d", "٣m"],
)
LETTER = Row(taken=["m"], refused=[""])


def _between(least: str, below: str, most: str, above: str) -> Row:
    return Row(taken=[least, most], refused=[*NO_NUMBERS, below, above, "-1", "1e300"])


PATIENCE = _between("0", "-0.1", "1e9", "1.1e9")
IN_HAND = _between("2", "1.9", "1e6", "1.1e6")

# Said when the options are all right, and the command came to its work.
REACHED = ("lack the permission", "Not now", "X refuses")

STDIN = "-"
TRACK = "--track cats"
ROWS: dict[str, Row] = {
    "demo --count": AT_LEAST_ONE,
    "demo --seed": SEED,
    "demo --port": PORT,
    "up --port": PORT,
    "watch --interval": replace(_between("1", "0.99", "3600", "3601"), beside="--for 0"),
    "watch --for": Row(taken=["0", "0.01"], refused=[*NO_NUMBERS, "-0.1"]),
    "logs --since": AGE,
    "deploy --parameter": Row(
        taken=["ShardCount=1", "ShardCount=500", "AlarmEmail="],
        refused=["", "ShardCount", "=4", "ShardCount=0", "ShardCount=501", "Nope=1"],
    ),
    "deploy --confirm-loss": Row(taken=["tweets"], refused=["", "other"]),
    "produce fake --count": Row(taken=["0", HUGE], refused=[*NO_NUMBERS, "-1", "0.5"]),
    "produce fake --seed": SEED,
    "produce fake --shape": Row(taken=["v1", "v2", "mixed"], refused=["", "v3"]),
    "produce fake --malformed": SHARE,
    "produce fake --duplicates": SHARE,
    "produce fake --rate": RATE,
    "produce fake --give-up-after": PATIENCE,
    "produce fake --max-in-hand": IN_HAND,
    "produce fake --undelivered": UNDELIVERED,
    "produce file paths": Row(taken=[STDIN], refused=["", "missing.ndjson", "missing*"]),
    "produce file --author": Row(taken=["ada", ""], beside=STDIN),
    "produce file --rate": replace(RATE, beside=STDIN),
    "produce file --give-up-after": replace(PATIENCE, beside=STDIN),
    "produce file --max-in-hand": replace(IN_HAND, beside=STDIN),
    "produce file --undelivered": replace(UNDELIVERED, beside=STDIN),
    "produce twitter --track": Row(taken=["cats"]),
    "produce twitter --rules": Row(
        taken=[str(ROOT / "examples" / "rules.txt")], refused=["", "missing.txt", "."]
    ),
    "produce twitter --monthly-limit": Row(
        taken=["0.005", "1e6"], refused=[*NO_NUMBERS, "-1"], beside=TRACK
    ),
    "produce twitter --max-tweets": replace(AT_LEAST_ONE, beside=TRACK),
    "produce twitter --max-recovered": replace(AT_LEAST_ONE, beside=TRACK),
    "produce twitter --max-minutes": replace(
        _between("0.01", "0.009", "525600", "525601"), beside=TRACK
    ),
    "produce twitter --price-per-post": Row(
        taken=["0", "1e300"], refused=[*NO_NUMBERS, "-1"], beside=TRACK
    ),
    "produce twitter --max-undelivered": replace(_between("0", "-1", "1e9", "1.1e9"), beside=TRACK),
    "produce twitter --give-up-after": replace(PATIENCE, beside=TRACK),
    "produce twitter --max-in-hand": replace(IN_HAND, beside=TRACK),
    "produce twitter --undelivered": replace(UNDELIVERED, beside=TRACK),
    "verify fake --count": Row(taken=["0"], refused=[*NO_NUMBERS, "-1", "0.5"]),
    "verify fake --seed": replace(SEED, beside="--count 0"),
    "verify fake --wait": replace(WAIT, beside="--count 0"),
    "verify file paths": Row(taken=["tweets.ndjson"], refused=["", "missing.ndjson", "missing*"]),
    "verify file --author": Row(taken=["ada"], beside="tweets.ndjson"),
    "verify file --wait": replace(WAIT, beside="tweets.ndjson"),
    "comply files": Row(taken=["tweets.ndjson"], refused=["", "missing.ndjson", "."]),
    "comply --log": Row(taken=["log.ndjson"], refused=["."]),
    "comply --price-per-post": Row(taken=["0", "1e300"], refused=[*NO_NUMBERS, "-1"]),
    "comply --monthly-limit": Row(taken=["0.005", "1e6"], refused=[*NO_NUMBERS, "-1"]),
    "comply --read-units": _between("1", "0.9", "40000", "40001"),
    "new folder": Row(
        taken=["my-events"],
        refused=["", ".", "/", "json", "rich", "2fast", "_mine", "ä", "a b", "nowhere/mine"],
    ),
    "query partition": Row(taken=["x", "é" * 1024], refused=["", "é" * 1025]),
    "query --limit": replace(AT_LEAST_ONE, beside="somebody"),
    "plan --rate": _between("0.01", "0.009", "10000000", "10000001"),
    "plan --event-bytes": _between("1", "0", "1048576", "1048577"),
    "plan --item-bytes": _between("1", "0", "409600", "409601"),
    "plan --mode": Row(
        taken=["provisioned", "on-demand", "advantage", "all"], refused=["", "x", "both"]
    ),
    "plan --peak-factor": _between("1", "0.9", "1000", "1001"),
    "plan --headroom": _between("0", "-0.1", "10", "10.1"),
    "plan --hottest-key": _between("0.000001", "0.0000009", "1", "1.1"),
    "plan --aggregate": _between("1", "0", "1000", "1001"),
    "plan --region": Row(taken=["us-east-1"], refused=["", "mars"]),
    "plan --prices": Row(taken=[], refused=["", ".", "missing.json", "tweets.ndjson"]),
    "plan --record-distribution": Row(taken=["PARTITION_KEY", "AUTO"], refused=["", "x"]),
    "plan --hours-per-month": _between("1", "0.9", "744", "745"),
    "plan --batch-size": _between("1", "0", "10000", "10001"),
    "plan --window": _between("0", "-0.1", "300", "301"),
    "plan --memory": _between("128", "127", "10240", "10241"),
    "plan --architecture": Row(taken=["arm64", "x86_64"], refused=["", "x"]),
    "plan --plot": Row(taken=["p.png"], refused=["."]),
    "dashboard --host": Row(
        taken=["127.0.0.1", "localhost"],
        refused=["", "../x", "a" * 64 + ".b", "a..b"],
        beside="--port 0",
    ),
    "dashboard --port": Row(taken=["0"], refused=[*NO_NUMBERS, "-1", "65536", HUGE]),
    "dead-letters list --limit": AT_LEAST_ONE,
    "dead-letters list --kind": replace(KIND, beside=""),
    "dead-letters show letter_id": LETTER,
    "dead-letters redrive ids": LETTER,
    "dead-letters redrive --kind": KIND,
    "dead-letters redrive --since": AGE,
    "dead-letters redrive --payload": Row(
        taken=["tweets.ndjson"], refused=["", "missing.ndjson", "."], beside="m"
    ),
    "dead-letters purge ids": replace(LETTER, beside="--yes"),
    "dead-letters purge --kind": replace(KIND, beside="--yes"),
    "dead-letters purge --reason": Row(taken=["no-id", "x", ""], beside="--yes"),
    "dead-letters purge --older-than": replace(AGE, beside="--yes"),
}
# What the command needs besides, where the row is about --stack or --target.
BESIDE = {
    "verify fake": "--count 0",
    "verify file": "tweets.ndjson",
    "query": "somebody",
    "watch": "--for 0",
    "destroy": "--yes",
    "dashboard": "--port 0",
    "dead-letters show": "m",
    "dead-letters redrive": "m",
    "dead-letters purge": "--all --yes",
    "produce fake": "--count 0",
    "produce file": STDIN,
    "produce twitter": TRACK,
}


def _options() -> Iterator[tuple[str, str]]:
    """Each command with each of its options, or arguments, that take a value."""
    for command, parsed in _commands("", typer.main.get_command(app)):
        for option in parsed.params:
            is_own = not getattr(option, "hidden", False)  # of the command, in its help
            if is_own and not getattr(option, "is_flag", False):
                yield command, option.opts[0]


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for each, inner in command.commands.items():
        yield from _commands(f"{name} {each}".strip(), inner)


def _row(command: str, option: str) -> Row:
    shared = {"--stack": STACK, "--target": TARGET}.get(option)
    if shared is not None:
        return replace(shared, beside=BESIDE.get(command, ""))
    return ROWS[f"{command} {option}"]


OPTIONS = list(_options())


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An endpoint that knows the stack, and denies everything else."""
    endpoint = Endpoint(KNOWS_THE_STACK, denies=True)
    with endpoint.serving():
        yield endpoint.url


@pytest.fixture(scope="module")
def clients() -> Callable[..., Any]:
    """Makes a place's clients, each once."""
    made: dict[str, Any] = {}
    make = Place._client

    def client(place: Place, service: str, config: Config | None = None) -> Any:
        key = f"{service} {place.endpoint} {config and vars(config)}"
        if key not in made:
            made[key] = make(place, service, config)
        return made[key]

    return client


@pytest.fixture(autouse=True)
def _nothing_that_takes_long(
    url: str, clients: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setattr("tweetpipe.aws.place.local_session", _one_session)
    monkeypatch.setattr(Place, "_client", clients)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("X_API_URL", url)
    monkeypatch.setenv("bearer_token", "token")
    (tmp_path / "tweets.ndjson").touch()
    for name in ("up", "demo"):
        starts = "lifecycle" if name == "up" else name
        monkeypatch.setattr(f"tweetpipe.commands.{starts}.start_localstack", _not_now)
    monkeypatch.setattr("tweetpipe.deploying.package.archive", lambda _: b"")
    at_once = partial(look_once, sleep=lambda _: None)
    monkeypatch.setattr("tweetpipe.live.once.look_once", at_once)
    with patch("tweetpipe.dashboard.server.DashboardServer.run"):
        yield


# It gets no `is_there`, since the endpoint is named.
_one_session = cache(local_session)


def _not_now(*_: object, **__: object) -> None:
    raise NothingThere("Not now.")


def outcome(command: str, option: str, value: str, beside: str) -> int:
    words = [*command.split(), *beside.split()]
    words += [f"{option}={value}"] if option.startswith("-") else ["--", value]
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=[" ".join(each) for each in OPTIONS])
def test_an_option_takes_what_is_within_its_limits_and_refuses_the_rest(
    command: str, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    row = _row(command, option)
    wrong = {}
    for value in (*row.taken, *row.refused):
        code = outcome(command, option, value, row.beside)
        out, err = capfd.readouterr()
        reached = any(words in err for words in REACHED)
        refused = code in (1, 2) and "Error" in err and not reached
        blamed = f"for '{option}'" in err or err.startswith(f"Error: {option} ")
        if "bug in tweetpipe" in err or "Traceback" in err or (value in row.taken and blamed):
            wrong[value] = err
        elif value in row.refused and not refused:
            wrong[value] = out + err
    assert not wrong


def test_every_option_has_a_row() -> None:
    own = {f"{command} {option}" for command, option in OPTIONS}
    assert {name for name in own if not name.endswith((" --stack", " --target"))} == ROWS.keys()
