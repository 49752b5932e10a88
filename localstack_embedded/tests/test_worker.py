"""A worker ends with the process that started it, however that ends."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading

import pytest

from localstack_embedded import environment
from localstack_embedded.plugin.function_environment import FunctionEnvironment
from localstack_embedded.tests.conftest import Deploy
from localstack_embedded.tests.waiting import is_gone, wait_for

PARENT = """
import os, sys
from pathlib import Path
from localstack_embedded.plugin.worker import Worker, WorkerSettings
python, client, code = sys.argv[1:]
worker = Worker(WorkerSettings(python=Path(python), client=client, code=Path(code),
                               path=(Path(code),), environ=dict(os.environ)))
worker.wait_for_init(30)
print(worker.pid, flush=True)
input()
"""

IDLE = "def handler(event, context): pass"
# Gives the interpreter lock to nobody, so that no other thread of the worker runs.
STARVING = """
import re, threading
threading.Timer(0.2, lambda: re.match("(a|a)*b", "a" * 60)).start()
def handler(event, context): pass
"""


@pytest.mark.parametrize(
    "source",
    [
        IDLE,
        pytest.param(
            STARVING,
            marks=pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG"),
        ),
    ],
)
def test_a_worker_dies_with_a_parent_that_is_killed(
    deploy: Deploy, client: str, source: str
) -> None:
    settings = deploy(source).settings
    command = [sys.executable, "-c", PARENT, str(settings.python), client, str(settings.code)]
    with subprocess.Popen(
        command,
        env={**settings.environ, "PYTHONPATH": str(environment.HERE.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout
        worker = int(parent.stdout.readline())
        assert not is_gone(worker)
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: is_gone(worker), "its end")


def test_a_worker_outlives_the_thread_that_asked_for_it(deploy: Deploy) -> None:
    function = deploy(IDLE)
    asking = threading.Thread(target=function.environment.start)
    asking.start()
    asking.join()
    worker = function.environment.start()
    assert worker.wait_for_init(10)
    assert function.invoke().payload == b"null"
    assert function.environment.start().pid == worker.pid


def test_an_ended_worker_leaves_no_thread_and_no_descriptor(deploy: Deploy) -> None:
    def held() -> tuple[int, int]:
        gc.collect()
        return threading.active_count(), len(os.listdir("/dev/fd"))

    function = deploy(IDLE)
    before = held()
    for _ in range(3):
        function.invoke()
        function.environment.stop()
    function.environment = FunctionEnvironment(function.settings)
    # One thread more: the one that starts all workers.
    wait_for(
        lambda: held()[0] <= before[0] + 1 and held()[1] <= before[1], "what it held to be let go"
    )
