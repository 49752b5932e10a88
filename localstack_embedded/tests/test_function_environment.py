"""Results, errors, and log lines of functions: the same with AWS's and the built-in client."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from localstack_embedded.plugin.functions import environment
from localstack_embedded.plugin.functions.environment import MAX_RESPONSE_BYTES, InvocationOutcome
from localstack_embedded.plugin.functions.reaper import MARK
from localstack_embedded.tests.conftest import Deploy
from localstack_embedded.tests.waiting import is_gone, wait_for

ECHO = "def handler(event, context): return event"


def error_of(payload: bytes) -> tuple[str, str]:
    """The type and message of an error document."""
    document = json.loads(payload)
    return document["errorType"], document["errorMessage"]


def test_a_handler_gets_the_event_and_its_result_comes_back(deploy: Deploy) -> None:
    function = deploy(ECHO)
    events: list[object] = [{}, [], "text", 1.5, None, {"text": "wörld \U0001f600"}]
    for event in events:
        outcome = function.invoke(json.dumps(event).encode())
        assert json.loads(outcome.payload) == event
        assert outcome.error_type is None


def test_the_context_object_is_complete(deploy: Deploy) -> None:
    function = deploy("""
        import os
        def handler(event, context):
            return {
                **{name: getattr(context, name) for name in (
                    "function_name", "function_version", "invoked_function_arn",
                    "memory_limit_in_mb", "aws_request_id", "log_group_name",
                    "log_stream_name", "client_context")},
                "identity": context.identity.cognito_identity_id,
                "remaining": context.get_remaining_time_in_millis(),
                "trace": os.environ["_X_AMZN_TRACE_ID"],
                "cwd": os.getcwd() == os.environ["LAMBDA_TASK_ROOT"],
            }
    """)
    context = json.loads(function.invoke(request_id="abc-1").payload)
    assert 25_000 < context.pop("remaining") <= 30_000
    assert context == {
        "function_name": "f",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "memory_limit_in_mb": "256",
        "aws_request_id": "abc-1",
        "log_group_name": "/aws/lambda/f",
        "log_stream_name": "2026/11/23/[$LATEST]abc",
        "client_context": None,
        "identity": None,
        "trace": "Root=1-2-3",
        "cwd": True,
    }


def test_the_environment_is_lambdas_and_nothing_else(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    function = deploy("import os\ndef handler(event, context): return dict(os.environ)")
    environ = json.loads(function.invoke().payload)
    assert environ.items() >= function.settings.environ.items()
    extra = environ.keys() - function.settings.environ.keys()
    assert extra <= {
        *("AWS_LAMBDA_RUNTIME_API", "_X_AMZN_TRACE_ID", "LC_CTYPE", "LD_LIBRARY_PATH"),
        MARK,
    }


def test_neither_the_plugin_nor_its_files_are_on_the_functions_path(deploy: Deploy) -> None:
    function = deploy("import sys\ndef handler(event, context): return sys.path")
    functions, plugin, _, above = Path(environment.__file__).parents[:4]
    path = json.loads(function.invoke().payload)
    assert path[0] == str(function.settings.code)
    assert not {str(functions), str(plugin), str(above)} & set(path)


def test_a_layer_is_on_the_path_after_the_functions_own_code(
    deploy: Deploy, tmp_path: Path
) -> None:
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "shared.py").write_text("name = 'layer'")
    (layer / "app.py").write_text("def handler(event, context): return 'shadowed'")
    function = deploy(
        "import shared\ndef handler(event, context): return shared.name", layers=(layer,)
    )
    assert function.invoke().payload == b'"layer"'


def test_a_warm_worker_is_used_again_and_initialised_once(deploy: Deploy) -> None:
    function = deploy("""
        import os
        count = 0
        def handler(event, context):
            global count
            count += 1
            return [os.getpid(), count]
    """)
    outcomes = [function.invoke() for _ in range(3)]
    pids, counts = zip(*(json.loads(outcome.payload) for outcome in outcomes), strict=True)
    assert len(set(pids)) == 1
    assert counts == (1, 2, 3)
    assert ["Init Duration" in outcome.logs for outcome in outcomes] == [True, False, False]


def test_the_log_has_the_functions_lines_between_the_platforms(deploy: Deploy) -> None:
    function = deploy("""
        import logging, subprocess, sys
        print("while importing")
        def handler(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logging.getLogger().warning("from %s", "logging")
            subprocess.run(["echo", "from a child"])
    """)
    lines = function.invoke(request_id="abc-1").logs.splitlines()
    assert lines[:2] == ["while importing", "START RequestId: abc-1 Version: $LATEST"]
    assert lines[2:4] == ["to stdout", "to stderr"]
    assert re.fullmatch(r"\[WARNING\]\t[-\d]+T[:.\d]+Z\tabc-1\tfrom logging", lines[4])
    assert lines[5:7] == ["from a child", "END RequestId: abc-1"]
    assert re.fullmatch(
        r"REPORT RequestId: abc-1\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms"
        r"\tMemory Size: 256 MB\tMax Memory Used: [1-9]\d* MB\tInit Duration: [\d.]+ ms",
        lines[7],
    )
    assert len(lines) == 8
    assert "while importing" not in function.invoke().logs


def test_a_raised_error_has_its_type_message_and_place(deploy: Deploy) -> None:
    function = deploy("""
        def handler(event, context):
            raise ValueError("not like this")
    """)
    outcome = function.invoke(request_id="abc-1")
    document = json.loads(outcome.payload)
    assert outcome.error_type == document["errorType"] == "ValueError"
    assert document["errorMessage"] == "not like this"
    assert document["requestId"] == "abc-1"
    assert len(document["stackTrace"]) == 1
    assert 'app.py", line 3, in handler' in document["stackTrace"][0]
    assert "[ERROR] ValueError: not like this" in outcome.logs
    assert outcome.logs.rstrip().endswith("Status: error\tError Type: ValueError")


def test_a_worker_survives_an_error_of_its_handler(deploy: Deploy) -> None:
    function = deploy("""
        import os
        def handler(event, context):
            return os.getpid() if event else 1 / 0
    """)
    pid = function.invoke(b"1").payload
    assert function.invoke(b"0").error_type == "ZeroDivisionError"
    assert function.invoke(b"1").payload == pid


@pytest.mark.parametrize(
    ("source", "handler", "type", "message"),
    [
        (
            "import nowhere",
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nowhere'",
        ),
        (
            ECHO,
            "other.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        (
            ECHO,
            "app.other",
            "Runtime.HandlerNotFound",
            "Handler 'other' missing on module 'app'",
        ),
        (
            ECHO,
            "app",
            "Runtime.MalformedHandlerName",
            "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
        ),
        ("raise KeyError('x')", "app.handler", "KeyError", "'x'"),
    ],
)
def test_a_function_that_can_not_be_loaded_says_why_in_its_result_and_its_log(
    deploy: Deploy, source: str, handler: str, type: str, message: str
) -> None:
    outcome = deploy(source, handler=handler).invoke()
    assert error_of(outcome.payload) == (type, message)
    assert outcome.error_type == type
    assert f"[ERROR] {type}: {message}" in outcome.logs


def test_a_syntax_error_is_named(deploy: Deploy) -> None:
    outcome = deploy("def handler(").invoke()
    assert outcome.error_type == "Runtime.UserCodeSyntaxError"
    assert "Syntax error in module 'app'" in error_of(outcome.payload)[1]


def test_a_failed_initialisation_is_tried_again_at_the_next_invocation(
    deploy: Deploy, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    function = deploy(f"open({str(flag)!r})\n{ECHO}")
    assert function.invoke().error_type == "FileNotFoundError"
    flag.touch()
    outcome = function.invoke(b"7")
    assert outcome.payload == b"7"
    assert "Init Duration" in outcome.logs


def test_an_unserialisable_result_is_a_marshal_error(deploy: Deploy) -> None:
    outcome = deploy("def handler(event, context): return {1, 2}").invoke()
    assert error_of(outcome.payload) == (
        "Runtime.MarshalError",
        "Unable to marshal response: Object of type set is not JSON serializable",
    )


def test_decimals_become_numbers_and_bytes_stay_as_they_are(deploy: Deploy) -> None:
    function = deploy("""
        from decimal import Decimal
        def handler(event, context):
            return b'{"as": "it is"}' if event else [Decimal("1.5"), Decimal("2.25")]
    """)
    assert json.loads(function.invoke(b"0").payload) == [1.5, 2.25]
    assert function.invoke(b"1").payload == b'{"as": "it is"}'


def test_a_response_may_have_the_maximum_and_no_byte_more(deploy: Deploy) -> None:
    function = deploy("def handler(size, context): return 'x' * (size - 2)")
    assert len(function.invoke(str(MAX_RESPONSE_BYTES).encode()).payload) == MAX_RESPONSE_BYTES
    outcome = function.invoke(str(MAX_RESPONSE_BYTES + 1).encode())
    assert error_of(outcome.payload) == (
        "Function.ResponseSizeTooLarge",
        "Response payload size (6291557 bytes) exceeded maximum allowed payload size"
        " (6291556 bytes).",
    )


def test_a_timeout_kills_the_worker_and_all_it_started(deploy: Deploy, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    function = deploy(
        f"""
        import os, subprocess, time
        def handler(event, context):
            if event:
                return event
            child = subprocess.Popen(["sleep", "600"])
            print("before")
            open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
            time.sleep(600)
        """,
        timeout=1,
    )

    def timed_out() -> InvocationOutcome | None:
        """The outcome, unless a busy machine didn't get as far as its children."""
        outcome = function.invoke(b"0", request_id="abc-1")
        return outcome if pids.exists() and pids.read_text() else None

    outcome = wait_for(timed_out, "a timeout with a child")
    assert outcome is not None
    assert error_of(outcome.payload) == (
        "Sandbox.Timedout",
        "RequestId: abc-1 Error: Task timed out after 1.00 seconds",
    )
    assert outcome.error_type == "Sandbox.Timedout"
    assert re.search(r"before\n[-\d]+T[:.\d]+Z abc-1 Task timed out after 1.00 sec", outcome.logs)
    assert outcome.logs.endswith("\tStatus: timeout\n")
    wait_for(lambda: all(is_gone(int(pid)) for pid in pids.read_text().split()), "their end")
    wait_for(lambda: function.invoke(b"7").payload == b"7", "an answer within a second")


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("exit", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit(4)", "Runtime exited with error: exit status 4"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_an_exit_is_told_and_the_next_invocation_gets_a_new_worker(
    deploy: Deploy, exit: str, reason: str
) -> None:
    function = deploy(f"""
        import os, sys
        def handler(event, context):
            if event:
                return event
            print("before", flush=True)
            {exit}
    """)
    outcome = function.invoke(b"0", request_id="abc-1")
    assert error_of(outcome.payload) == ("Runtime.ExitError", f"RequestId: abc-1 Error: {reason}")
    assert f"before\nRequestId: abc-1 Error: {reason}\nRuntime.ExitError\n" in outcome.logs
    assert function.invoke(b"7").payload == b"7"


def test_an_exit_while_it_is_imported_is_told_too(deploy: Deploy) -> None:
    outcome = deploy("import os; os._exit(5)").invoke()
    assert outcome.error_type == "Runtime.ExitError"
    assert "exit status 5" in error_of(outcome.payload)[1]


def test_a_forged_answer_is_none(deploy: Deploy, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    function = deploy(f"""
        import os, time
        def handler(event, context):
            while not os.path.exists({str(flag)!r}):
                time.sleep(0.01)
            return "the function's own"
    """)
    function.environment.start().wait_for_init(60)
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(function.invoke, request_id="abc-1")
        # Any process can find the ports that are listened on.
        listening = [
            connection.laddr
            for connection in psutil.Process().net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        for address in listening:
            for what in ("init/error", "invocation/abc-1/response", "invocation/abc-1/error"):
                url = f"http://{address.ip}:{address.port}/2018-06-01/runtime/{what}"
                with pytest.raises(HTTPError, match="404") as refused:
                    urlopen(url, b'"forged"', timeout=60)
                refused.value.close()
        flag.touch()
        assert outcome.result().payload == b'"the function\'s own"'


def test_a_worker_that_ended_while_idle_is_replaced(deploy: Deploy) -> None:
    function = deploy(ECHO)
    function.invoke()
    worker = function.environment.start()
    worker.kill()
    assert function.invoke(b"7").payload == b"7"


def test_stopping_ends_an_invocation_that_runs(deploy: Deploy, tmp_path: Path) -> None:
    function = deploy("import time\ndef handler(event, context): time.sleep(600)")
    worker = function.environment.start()
    worker.wait_for_init(60)
    function.environment.stop()
    assert is_gone(worker.pid)
