"""A worker ends with the process that started it, no matter how that ends."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from localstack_embedded import homes
from localstack_embedded.plugin.functions.environment import FunctionEnvironment
from localstack_embedded.tests.conftest import Deploy
from localstack_embedded.tests.waiting import is_gone, wait_for

PARENT = """
import json, os, sys
from pathlib import Path
from localstack_embedded.plugin.functions.worker import Worker, WorkerSettings
command, code = json.loads(sys.argv[1]), sys.argv[2]
worker = Worker(WorkerSettings(command=command, code=Path(code), environ=dict(os.environ)))
worker.wait_for_init(60)
print(worker.take_output(), flush=True)
input()
"""

IDLE = "def handler(event, context): pass"

SAY_PID = "import os; print(os.getpid(), flush=True)\n"
# Never releases the interpreter lock, so that no other thread of the worker runs.
STARVING = f"""{SAY_PID}
import re, threading
threading.Timer(0.2, lambda: re.match("(a|a)*b", "a" * 60)).start()
{IDLE}
"""
WITH_CHILDREN = f"""{SAY_PID}
import subprocess, sys
asleep = [sys.executable, "-c", "import time; time.sleep(600)"]
print(subprocess.Popen(asleep).pid)
print(subprocess.Popen(asleep, start_new_session=True).pid, flush=True)
{IDLE}
"""
# The process in between has ended, so that nothing links the worker to the last one.
WITH_A_DAEMON = f"""{SAY_PID}
import subprocess, sys
daemon = (
    "import subprocess, sys\\n"
    "asleep = [sys.executable, '-c', 'import time; time.sleep(600)']\\n"
    "print(subprocess.Popen(asleep, start_new_session=True).pid, flush=True)"
)
subprocess.run([sys.executable, "-c", daemon])
{IDLE}
"""


@pytest.mark.parametrize("source", [SAY_PID + IDLE, STARVING, WITH_CHILDREN, WITH_A_DAEMON])
def test_all_of_a_function_ends_with_a_parent_that_is_killed(
    deploy: Deploy, client: str, source: str
) -> None:
    settings = deploy(source).settings
    command = [sys.executable, "-c", PARENT, json.dumps(settings.command), str(settings.code)]
    with subprocess.Popen(
        command,
        env={**settings.environ, "PYTHONPATH": str(homes.HERE.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        pids = [int(line) for line in iter(parent.stdout.readline, "\n")]
        assert pids
        assert not [pid for pid in pids if is_gone(pid)]
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: all(map(is_gone, pids)), "their end")


def test_a_worker_outlives_the_thread_that_asked_for_it(deploy: Deploy) -> None:
    function = deploy(IDLE)
    asking = threading.Thread(target=function.environment.start)
    asking.start()
    asking.join()
    worker = function.environment.start()
    assert worker.wait_for_init(60)
    assert function.invoke().payload == b"null"
    assert function.environment.start().pid == worker.pid


@pytest.mark.heavy
def test_an_ended_worker_leaves_no_thread_and_no_descriptor(deploy: Deploy) -> None:
    # Other tests may have left threads that are shared by all tests.
    others = set(threading.enumerate())

    def threads() -> set[threading.Thread]:
        return set(threading.enumerate()) - others

    def held() -> tuple[int, int]:
        gc.collect()
        return len(threads()), len(os.listdir("/dev/fd"))

    function = deploy(IDLE)
    function.invoke()  # the first worker starts the reaper
    function.environment.stop()
    function.environment = FunctionEnvironment(function.settings)
    wait_for(lambda: not threads(), "what it held to be let go")
    before = held()
    for _ in range(3):
        function.invoke()
        function.environment.stop()
    function.environment = FunctionEnvironment(function.settings)
    wait_for(lambda: held() <= before, "what it held to be let go")
