"""Starting and stopping, with a small program in place of LocalStack."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import psutil
import pytest

from localstack_embedded import (
    Died,
    Instance,
    PortInUseError,
    StartError,
    Stopped,
    access,
    ports,
    state,
)
from localstack_embedded import emulator as embedded
from localstack_embedded.environment import Environment, ensure_environment
from localstack_embedded.tests.fake_localstack import make_environment
from localstack_embedded.tests.unused_ports import free_port
from localstack_embedded.tests.waiting import is_gone, wait_for


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose LocalStack answers; it is stopped at the end, whatever its state."""
    home = make_environment(tmp_path / "home", "serve()")
    yield home
    embedded.stop(home)


def test_start_waits_until_it_answers_and_status_finds_it(home: Path) -> None:
    port = free_port()
    instance = embedded.start(home, port=port)
    assert instance == Instance(
        port=port,
        pid=instance.pid,
        version="4.9.2",
        access_key_id=access.key_of(home),
        started_by_this_call=True,
    )
    assert instance.endpoint == f"http://127.0.0.1:{port}"
    assert embedded.status(home) == replace(instance, started_by_this_call=False)
    assert embedded.find(home) == embedded.status(home)


def test_nothing_runs_in_a_home_that_never_was(tmp_path: Path) -> None:
    assert embedded.find(tmp_path / "never") is None
    assert embedded.status(tmp_path / "never") == Stopped()


def test_it_leads_a_session_of_its_own(home: Path) -> None:
    assert os.getsid(embedded.start(home, port=free_port()).pid) != os.getsid(0)


def test_a_second_start_finds_the_first(home: Path) -> None:
    first = embedded.start(home, port=free_port())
    for port in (None, first.port):
        assert embedded.start(home, port=port) == replace(first, started_by_this_call=False)


def test_a_second_start_on_another_port_says_what_to_do(home: Path) -> None:
    first, other = embedded.start(home, port=free_port()), free_port()
    with pytest.raises(StartError) as refused:
        embedded.start(home, port=other, keep=True)
    assert str(refused.value) == (
        f"LocalStack is already running on port {first.port}. To use port {other} and keep its"
        " state, stop it first. Stopping it deletes everything deployed so far:"
        f"\n  localstack-embedded down --home {home}"
        f"\n  localstack-embedded up --keep --port {other} --home {home}"
    )


def test_a_second_start_that_only_wants_another_option_stays_on_the_port(home: Path) -> None:
    first = embedded.start(home, port=free_port(), open_to_this_machine=True)
    with pytest.raises(StartError) as refused:
        embedded.start(home, shard_limits=True)
    assert str(refused.value).splitlines()[-1] == (
        "  localstack-embedded up --shard-limits --open-to-this-machine"
        f" --port {first.port} --home {home}"
    )


def test_two_starts_at_once_start_one(home: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: embedded.start(home), range(2)))
    assert sorted(instance.started_by_this_call for instance in found) == [False, True]
    assert len({instance.pid for instance in found}) == 1


def health(endpoint: str) -> dict[str, Any]:
    """The health that the small program reports."""
    with urllib.request.urlopen(f"{endpoint}/_localstack/health", timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@pytest.mark.heavy
def test_ten_started_at_one_moment_have_a_port_each_and_answer_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [make_environment(tmp_path / str(n), "serve()") for n in range(10)]
    monkeypatch.setattr(ports, "DEFAULT_PORT", free_port())
    together = Barrier(len(homes))

    def ensure_together(*args: Any, **options: Any) -> Environment:
        together.wait(60)
        return ensure_environment(*args, **options)

    monkeypatch.setattr("localstack_embedded.emulator.ensure_environment", ensure_together)
    try:
        with ThreadPoolExecutor(len(homes)) as pool:
            instances = list(pool.map(embedded.start, homes))
        assert len({instance.port for instance in instances}) == len(homes)
        assert [health(i.endpoint)["pid"] for i in instances] == [i.pid for i in instances]
    finally:
        for home in homes:
            embedded.stop(home)


def test_nobody_else_can_answer_at_the_port_of_one_that_starts(tmp_path: Path) -> None:
    home = make_environment(
        tmp_path / "home",
        """
os.close(int(os.environ["GATEWAY_SOCKET"]))
host, port = os.environ["GATEWAY_LISTEN"].split(":")
http.server.HTTPServer((host, int(port)), HealthEndpoint).serve_forever()
""",
    )
    with pytest.raises(StartError, match=r"(?s)ended with status 1 .*Address already in use"):
        embedded.start(home, port=free_port())


def left_starting(home: Path) -> Instance:
    """An instance whose `start` was killed before LocalStack answered."""
    instance = embedded.start(home, port=free_port())
    record = state.read(home)
    assert record
    state.write(home, replace(record, version=None))
    return replace(instance, started_by_this_call=False)


def test_one_whose_start_was_killed_is_waited_for_and_named_with_its_version(home: Path) -> None:
    left = left_starting(home)
    assert embedded.start(home) == left
    assert embedded.status(home) == left


def test_one_whose_start_was_killed_and_that_never_answers_is_ended(home: Path) -> None:
    left = left_starting(home)
    psutil.Process(left.pid).suspend()
    with pytest.raises(StartError, match="did not answer within"):
        embedded.start(home, timeout=0.2)
    assert is_gone(left.pid)
    assert embedded.status(home) == Stopped()


def test_a_home_may_be_named_relative_to_the_folder_one_is_in(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.parent)
    instance = embedded.start(Path(home.name), port=free_port())
    assert embedded.status(home) == replace(instance, started_by_this_call=False)


def test_without_a_port_the_next_free_one_is_taken_and_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports, "DEFAULT_PORT", taken)
        steps: list[str] = []
        instance = embedded.start(home, on_step=steps.append)
    assert instance.port > taken
    assert f"Port {taken} is in use by" in steps[0]
    assert f"using {instance.port} instead" in steps[0]


def test_a_wanted_port_that_is_taken_is_an_error(home: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(PortInUseError) as refused,
    ):
        embedded.start(home, port=server.getsockname()[1], shard_limits=True)
    free = refused.value.free_port
    assert str(refused.value).endswith(
        f"{free} is free. To use that one, run:"
        f"\n  localstack-embedded up --shard-limits --port {free} --home {home}"
    )
    assert embedded.status(home) == Stopped()


def test_stop_ends_it_and_is_content_when_there_is_nothing(home: Path) -> None:
    instance = embedded.start(home, port=free_port())
    assert embedded.stop(home)
    assert is_gone(instance.pid)
    assert embedded.status(home) == Stopped()
    assert not embedded.stop(home)


def test_stop_of_a_home_that_never_was_leaves_no_trace(tmp_path: Path) -> None:
    assert not embedded.stop(tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_stop_ends_what_it_started_in_other_sessions_and_what_ignores_sigterm(
    tmp_path: Path,
) -> None:
    home = make_environment(
        tmp_path / "home",
        """
import subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(
    [sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
     "print('ready', flush=True); signal.pause()"],
    start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
serve()
""",
    )
    instance = embedded.start(home, port=free_port())
    children = psutil.Process(instance.pid).children()
    assert len(children) == 1
    assert embedded.stop(home, timeout=0.2)
    assert is_gone(instance.pid)
    assert is_gone(children[0].pid)


def test_stop_lets_one_that_is_suspended_shut_down(tmp_path: Path) -> None:
    program = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('shut down'))); serve()"
    home = make_environment(tmp_path / "home", program)
    psutil.Process(embedded.start(home, port=free_port()).pid).suspend()
    assert embedded.stop(home, timeout=30)
    assert (home / "localstack.log").read_text() == "shut down\n"


def test_stop_spares_a_process_that_only_has_the_same_id(home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        record = state.InstanceRecord.of(stranger.pid, 4566)
        state.write(home, replace(record, started="before"))
        assert isinstance(embedded.status(home), Died)
        assert not embedded.stop(home)
        assert stranger.poll() is None
        stranger.kill()


def test_one_that_died_is_noticed_with_the_end_of_its_log(tmp_path: Path) -> None:
    home = make_environment(tmp_path / "home", "print('last words', flush=True); serve()")
    instance = embedded.start(home, port=free_port())
    psutil.Process(instance.pid).kill()
    wait_for(lambda: is_gone(instance.pid), "its end")
    found = embedded.status(home)
    assert isinstance(found, Died)
    assert found.log_tail == "last words"
    assert found.explanation == (
        "LocalStack stopped unexpectedly, and everything deployed in it is lost."
        f" To start it again, run:\n  localstack-embedded up --port {instance.port} --home {home}"
        f"\nThe end of {found.log}:\nlast words"
    )
    again = embedded.start(home, port=instance.port)
    assert again.started_by_this_call
    embedded.stop(home)


def test_one_that_ends_while_it_starts_is_an_error_with_its_log(tmp_path: Path) -> None:
    home = make_environment(tmp_path / "home", "sys.exit('no such module')")
    port = free_port()
    with pytest.raises(StartError) as ended:
        embedded.start(home, port=port)
    assert str(ended.value) == (
        "LocalStack ended with status 1 while it started. For a more detailed log, run:"
        f"\n  DEBUG=1 localstack-embedded up --port {port} --home {home}"
        f"\nThe end of {home}/localstack.log:\nno such module"
    )
    assert embedded.status(home) == Stopped()


def test_one_that_lacks_a_module_is_installed_again_by_what_is_suggested(tmp_path: Path) -> None:
    home = make_environment(tmp_path / "home", "import no_such_module")
    with pytest.raises(StartError) as ended:
        embedded.start(home, port=0, keep=True)
    assert (
        f" To install LocalStack again, run:\n  rm {home}/stamp\n"
        f"  localstack-embedded up --keep --home {home}\nThe end of {home}/localstack.log:\n"
    ) in str(ended.value)


def test_one_that_never_answers_is_killed(tmp_path: Path) -> None:
    home = make_environment(tmp_path / "home", "signal.pause()")
    with pytest.raises(StartError, match="did not answer within"):
        embedded.start(home, port=free_port(), timeout=0.2)
    # It can't be known by its ID: on a busy machine, it may not have reported that yet.
    commands = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    assert not [words for words in commands if str(home) in " ".join(words)]
    assert embedded.status(home) == Stopped()


def test_an_interrupted_start_leaves_no_process(tmp_path: Path) -> None:
    home = make_environment(
        tmp_path / "home",
        "print(os.getpid(), flush=True); os.kill(os.getppid(), signal.SIGINT); signal.pause()",
    )
    with pytest.raises(KeyboardInterrupt):
        embedded.start(home, port=free_port())
    assert is_gone(int((home / "localstack.log").read_text()))
    assert embedded.status(home) == Stopped()


def test_each_start_has_a_log_and_a_volume_of_its_own(tmp_path: Path) -> None:
    home = make_environment(
        tmp_path / "home", "open('left', 'x').close(); print('once', flush=True); serve()"
    )
    for _ in range(2):
        embedded.start(home, port=free_port())
        embedded.stop(home)
        assert not (home / "volume").exists()
    assert (home / "localstack.log").read_text() == "once\n"


@pytest.fixture(params=[0o022, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_what_it_keeps_and_writes_is_its_users_alone(tmp_path: Path) -> None:
    home = make_environment(
        tmp_path / "home",
        "os.mkdir('folder'); open('folder/file', 'x').close(); print('a key', flush=True); serve()",
    )
    home.chmod(0o755)
    for folder in (home / "localstack", tmp_path):
        folder.chmod(0o755)  # their mode is up to whoever made them
    (home / "localstack.log").write_text("of an earlier version\n")
    embedded.start(home, port=free_port())
    try:
        kept = {"instance.json", "instance.lock", "localstack.log", access.KEY_FILE, "volume"}
        assert kept == {path.name for path in home.iterdir()} - {"localstack", "stamp"}
        mine = [home, *(home / name for name in kept), *(home / "volume").rglob("*")]
        assert "file" in [path.name for path in mine]
        assert not [path.name for path in mine if path.stat().st_mode & 0o077]
        assert (home / "localstack.log").read_text() == "a key\n"
    finally:
        embedded.stop(home)


def test_the_home_of_one_that_runs_already_is_closed_to_others_too(home: Path) -> None:
    embedded.start(home)
    home.chmod(0o755)
    embedded.start(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_it_gets_the_environment_made_for_it_and_nothing_of_awss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    home = make_environment(
        tmp_path / "home", "print(*sorted(os.environ), sep='\\n', flush=True); serve()"
    )
    embedded.start(home, port=free_port())
    embedded.stop(home)
    names = (home / "localstack.log").read_text().split()
    assert "GATEWAY_LISTEN" in names
    assert not [name for name in names if name.startswith("AWS_")]


def test_an_instance_may_use_the_environment_of_another_home(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    first = embedded.start(home, port=free_port())
    second = embedded.start(other, environment_home=home, port=free_port())
    assert second.pid != first.pid
    assert embedded.stop(other)
    assert isinstance(embedded.status(home), Instance)
