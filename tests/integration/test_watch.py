"""tweetpipe watch in a terminal, in a pipe, interrupted, and while the emulator comes and goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

import localstack_embedded
from localstack_embedded import DEFAULT_HOME
from localstack_embedded.tests.unused_ports import free_port
from tests.pseudo_terminal import PseudoTerminal
from tests.stack_fixtures import PARAMETERS, Command, deploy_quietly
from tests.waiting import LONG, wait_for
from tweetpipe.aws.place import Place, local_place
from tweetpipe.aws.stack import Stack

WATCH = [sys.executable, "-m", "tweetpipe", "watch"]
HOSTILE = "\x1b[31m<script>alert(1)</script>\x07"

Terminal = Callable[..., PseudoTerminal]


@pytest.fixture
def environment(command_environment: dict[str, str]) -> dict[str, str]:
    """As a person's, whose terminal says how wide it is."""
    return {name: value for name, value in command_environment.items() if name != "COLUMNS"}


@pytest.fixture
def terminal(environment: dict[str, str], tmp_path: Path) -> Terminal:
    """Runs `tweetpipe watch` with these arguments in a terminal."""

    def run(*arguments: str, columns: int = 80, rows: int = 24) -> PseudoTerminal:
        return PseudoTerminal(
            [*WATCH, *arguments], columns=columns, rows=rows, environ=environment, folder=tmp_path
        )

    return run


def put(place: Place, stack: Stack, number: int, *, text: str) -> None:
    """A tweet onto the stream."""
    tweet = {
        "id_str": str(number),
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
        "text": text,
        "user": {"name": "Ada", "screen_name": "ada"},
    }
    place.kinesis().put_record(
        StreamName=stack.outputs["KinesisStream"],
        Data=json.dumps(tweet).encode(),
        PartitionKey="ada",
    )


def test_a_terminal_shows_what_lands_and_is_left_as_it_was(
    place: Place, deployed: Stack, terminal: Terminal
) -> None:
    with terminal("--stack", deployed.name) as shown:
        shown.wait_for_text("EventData")
        # What came before the first look is not seen.
        wait_for(lambda: "/s on 2 shards" in "\n".join(shown.screen), "the shards to be read")
        put(place, deployed, 1, text=HOSTILE)
        screen = shown.wait_for_text("<script>alert(1)</script>")

        assert any("EventData" in line for line in screen)
        assert any("latency" in line for line in screen)
        shown.type("\x03")

        assert shown.ends() == 130
        assert shown.is_as_before()
        assert "\x1b[31m<script>" not in shown.output
        assert "Traceback" not in shown.output
        assert "\x1b[?25h" in shown.output, "the cursor is to be seen again"
        after = shown.output.rpartition("\x1b[?1049l")[2]
        assert "/s in, " in after


def test_a_resized_terminal_is_filled_and_not_overrun(deployed: Stack, terminal: Terminal) -> None:
    with terminal("--stack", deployed.name) as shown:
        shown.wait_for_text("EventData")
        for columns, rows in [(120, 40), (40, 12), (20, 5)]:
            before = len(shown.output)
            shown.resize(columns, rows)

            def fits(before: int = before, columns: int = columns, rows: int = rows) -> bool:
                if len(shown.output) == before:
                    return False
                screen = shown.screen
                return len(screen) == rows and max(map(cell_len, screen)) <= columns

            wait_for(fits, f"a screen of {columns} times {rows}")


def test_a_signal_to_end_leaves_the_terminal_as_it_was(deployed: Stack, terminal: Terminal) -> None:
    with terminal("--stack", deployed.name) as shown:
        shown.wait_for_text("EventData")
        shown.process.send_signal(signal.SIGTERM)

        assert shown.ends() == 128 + signal.SIGTERM
        assert "\x1b[?1049l" in shown.output


def watched(command: Command, is_enough: Callable[[str], bool], *options: str) -> str:
    """What it writes; from another run if a busy machine let it see too little."""

    def said() -> str:
        outcome = command("watch", *options)
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout if is_enough(outcome.stdout) else ""

    return wait_for(said, "a look at the stack", seconds=LONG)


def test_in_a_pipe_it_writes_plain_lines(deployed: Stack, tweetpipe_command: Command) -> None:
    def shows_rates(said: str) -> bool:
        return "/s in, " in said.partition("\n")[0]

    said = watched(tweetpipe_command, shows_rates, "--for", "6", "--stack", deployed.name)

    assert "\x1b" not in said


def test_json_is_an_object_a_line(deployed: Stack, tweetpipe_command: Command) -> None:
    def shows_well_twice(said: str) -> bool:
        seen = [json.loads(line)["reachable"]["state"] for line in said.splitlines()]
        return len(seen) >= 2 and seen[-1] == "ok"

    said = watched(
        tweetpipe_command, shows_well_twice, "--json", "--for", "3", "--stack", deployed.name
    )

    snapshots = [json.loads(line) for line in said.splitlines()]
    assert snapshots[-1]["reachable"] == {"state": "ok", "why": ""}
    assert len(snapshots[-1]["stream"]["shards"]) == 2


def test_a_closed_pipe_ends_it_quietly(
    deployed: Stack, environment: dict[str, str], tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    with subprocess.Popen(
        [*WATCH, "--json", "--stack", deployed.name],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
    ) as process:
        os.close(writer)
        with os.fdopen(reader) as lines:
            json.loads(lines.readline())
        _, stderr = process.communicate(timeout=60)

    assert process.returncode == 0
    assert stderr == ""


def test_an_interrupted_watch_ends_without_a_word(
    deployed: Stack, environment: dict[str, str], tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*WATCH, "--json", "--stack", deployed.name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)

    assert process.returncode == 130
    assert stderr == ""


def test_a_stack_that_is_not_there_is_told_with_the_command_that_deploys_it(
    tweetpipe_command: Command,
) -> None:
    outcome = tweetpipe_command("watch", "--stack", "not-yet")

    assert outcome.returncode == 1
    assert outcome.stderr.endswith(":\n  tweetpipe deploy --stack not-yet\n")
    assert outcome.stdout == ""


class Restarted:
    """An emulator of its own, to be stopped and started at the same address."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = free_port()
        self.endpoint = ""

    def start(self) -> Place:
        instance = localstack_embedded.start(
            self._home, environment_home=DEFAULT_HOME, port=self._port, on_step=print
        )
        self.endpoint = instance.endpoint
        return local_place(embedded_endpoint=instance.endpoint, environ={})

    def stop(self) -> None:
        localstack_embedded.stop(self._home)


@pytest.fixture
def restarted(tmp_path: Path) -> Iterator[Restarted]:
    emulator = Restarted(tmp_path / "localstack")
    try:
        yield emulator
    finally:
        emulator.stop()


def test_it_says_that_the_emulator_is_gone_and_goes_on_when_it_is_back(
    restarted: Restarted, environment: dict[str, str], tmp_path: Path
) -> None:
    place = restarted.start()
    environment = environment | {"AWS_ENDPOINT_URL": restarted.endpoint}
    name = "here-again"

    deploy_quietly(place, name, PARAMETERS)
    with (
        PseudoTerminal(
            [*WATCH, "--stack", name], columns=100, rows=24, environ=environment, folder=tmp_path
        ) as shown,
        subprocess.Popen(
            [*WATCH, "--json", "--stack", name],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=tmp_path,
        ) as piped,
    ):
        try:
            assert piped.stdout
            until = _reader(piped.stdout)
            assert until("ok")
            shown.wait_for_text("EventData")

            restarted.stop()
            # A call that was under way when it stopped may have failed in its own words first.
            assert until("error", "No emulator answers")
            shown.wait_for_text("No emulator answers")

            restarted.start()
            shown.wait_for_text(f"There is no stack {name}")
            stack = deploy_quietly(place, name, PARAMETERS)
            assert until("ok")["stream"]["name"] == stack.outputs["KinesisStream"]
            shown.wait_for_text("/s on 2 shards")
            put(place, stack, 2, text="after the storm")
            shown.wait_for_text("after the storm")
        finally:
            piped.kill()


def _reader(lines: Any) -> Callable[..., dict[str, Any]]:
    """Reads on until a snapshot has reached the stack, or not, with this in its reason."""

    def until(state: str, why: str = "") -> dict[str, Any]:
        for line in lines:
            snapshot: dict[str, Any] = json.loads(line)
            reachable = snapshot["reachable"]
            if reachable["state"] == state and why in reachable["why"]:
                return snapshot
        raise AssertionError(f"it ended before it was {state}, {why}")

    return until
