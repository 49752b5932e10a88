"""A process that reads a pipe which never ends, stopped by a signal."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import signal, sys, threading
from pathlib import Path
from producer import Settings, file_source, produce
from tests.unit.producer.doubles import FakeKinesis, accept

def tell(data):
    print("stored", flush=True)
    return accept(data)

stop = threading.Event()
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: stop.set())
report = produce(
    file_source("-"), client=FakeKinesis(tell).client, stream="tweets",
    undelivered=Path(sys.argv[1]), settings=Settings(linger=0.0, drain_deadline=60.0), stop=stop,
)
print(report.read, report.sent, report.interrupted)
"""


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_process_that_waits_for_standard_input(
    number: signal.Signals, undelivered: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(undelivered)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b'{"n":1}\n')
        process.stdin.flush()
        assert process.stdout.readline() == b"stored\n"

        process.send_signal(number)

        assert process.wait(timeout=60) == 0
        assert process.stdout.read() == b"1 1 True\n"
        assert process.stderr.read() == b""
