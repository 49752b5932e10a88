"""What runs for each runtime: custom ones, Node.js, other Pythons, wrappers, layers, and memory."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from localstack_embedded.plugin.functions import runtimes
from localstack_embedded.plugin.functions.environment import InvocationOutcome
from localstack_embedded.plugin.functions.runtimes import (
    Interpreter,
    Package,
    UnknownRuntimeError,
    command,
    merged,
    require,
    variables,
    why_not,
    wrapped,
)
from localstack_embedded.plugin.functions.worker import WorkerSettings
from localstack_embedded.tests.conftest import Function

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"
INTERPRETER = Interpreter(python=Path(sys.executable), client="builtin")

BOOTSTRAP = f"""#!{sys.executable}
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    event = json.loads(answer.read())
    request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    result = {{"event": event, "handler": os.environ["_HANDLER"], "cwd": os.getcwd()}}
    api.request("POST", f"/2018-06-01/runtime/invocation/{{request}}/response", json.dumps(result))
    api.getresponse().read()
"""

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")


class Deployer:
    """Makes functions from files, and stops them at the end of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.functions: list[Function] = []

    def __call__(
        self,
        runtime: str,
        files: Mapping[str, str],
        *,
        handler: str = "index.handler",
        opt: Path | None = None,
        memory_mb: int = 512,
        **environ: str,
    ) -> Function:
        """A function with this runtime; scripts are executable."""
        code = Path(tempfile.mkdtemp(dir=self.folder))
        for name, content in files.items():
            write(code / name, content)
        package = Package(runtime=runtime, code=code, opt=opt)
        run = command(package, INTERPRETER)
        environ = {
            **variables(package, run),
            "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            **environ,
        }
        settings = WorkerSettings(
            command=wrapped(run, package, environ),
            code=code,
            environ=environ,
            takes_plain_address=runtime.startswith("provided"),
        )
        self.functions.append(Function(settings))
        return self.functions[-1]


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Deployer]:
    deployer = Deployer(tmp_path)
    yield deployer
    for function in deployer.functions:
        function.environment.stop()


def write(path: Path, content: str) -> None:
    """Write a file, which is executable if it's a script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(content))
    path.chmod(0o755 if content.startswith("#!") else 0o644)


def result_of(outcome: InvocationOutcome) -> object:
    """What the function returned; fails with its log if it failed."""
    assert outcome.error_type is None, (outcome.payload, outcome.logs)
    return json.loads(outcome.payload)


def error_of(outcome: InvocationOutcome) -> str:
    """The error's message; its type must be that of the outcome."""
    document = json.loads(outcome.payload)
    assert document["errorType"] == outcome.error_type
    return str(document["errorMessage"])


def test_a_custom_runtime_is_the_program_bootstrap_which_finds_lambda_as_on_aws(
    deploy: Deployer,
) -> None:
    function = deploy("provided.al2023", {"bootstrap": BOOTSTRAP}, handler="any name")
    for event in ("1", '{"two": 2}'):
        assert result_of(function.invoke(event.encode())) == {
            "event": json.loads(event),
            "handler": "any name",
            "cwd": str(function.settings.code),
        }


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_shell_script_with_curl_is_a_custom_runtime_too(deploy: Deployer) -> None:
    bootstrap = """\
        #!/bin/sh
        while true; do
          event=$(curl -sD headers "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
          id=$(sed -n 's/^Lambda-Runtime-Aws-Request-Id: //p' headers | tr -d '\\r')
          curl -sd "[$event]" \\
            "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" > answer
        done
        """
    function = deploy("provided.al2", {"bootstrap": dedent(bootstrap)})
    assert result_of(function.invoke(b"1")) == [1]


def test_nobody_else_can_answer_for_a_custom_runtime(deploy: Deployer, tmp_path: Path) -> None:
    told = tmp_path / "api"
    bootstrap = f"#!/bin/sh\necho $AWS_LAMBDA_RUNTIME_API > {told}; exec sleep 600"
    function = deploy("provided.al2023", {"bootstrap": bootstrap})
    worker = function.environment.start()
    api = worker._api
    assert "/" not in api.host
    assert api.requested("/2018-06-01/runtime/invocation/next", 1) is None


def test_a_layers_bootstrap_will_do(deploy: Deployer, tmp_path: Path) -> None:
    write(tmp_path / "opt" / "bootstrap", BOOTSTRAP)
    function = deploy("provided.al2", {"other": ""}, opt=tmp_path / "opt")
    assert result_of(function.invoke(b"null"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"other": ""}, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ({"bootstrap": "no script"}, "permission denied; it must be executable in the archive"),
        (
            {"bootstrap": "#!/is/not/there\n"},
            "no such file or directory; the interpreter in its first line",
        ),
    ],
)
def test_a_bootstrap_that_cant_be_run_is_told_as_on_aws_with_the_reason(
    deploy: Deployer, files: dict[str, str], message: str
) -> None:
    outcome = deploy("provided.al2023", files).invoke()
    assert outcome.error_type == "Runtime.InvalidEntrypoint"
    assert message in error_of(outcome)
    assert message in outcome.logs


def test_a_program_for_another_machine_is_named_with_both(tmp_path: Path) -> None:
    program = tmp_path / "bootstrap"
    other = 0xB7 if platform.machine() == "x86_64" else 0x3E
    program.write_bytes(
        b"\x7fELF\x02\x01\x01" + bytes(11) + other.to_bytes(2, "little") + bytes(44)
    )
    refused = OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC), str(program))
    said = why_not([str(program)], refused)
    assert "it is built for Linux on " in said
    assert platform.machine() in said


@needs_node
@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("index.js", "exports.handler = async (event) => event;"),
        ("index.mjs", "export const handler = async (event) => event;"),
        ("index.cjs", "exports.handler = (event) => Promise.resolve(event);"),
        ("index.js", "exports.handler = (event, context, callback) => callback(null, event);"),
        (
            "index.js",
            "exports.handler = (event, context, callback) =>"
            " { setTimeout(() => callback(null, event), 10) };",
        ),
        ("index.js", "exports.handler = (event, context) => context.succeed(event);"),
    ],
)
def test_a_node_handler_may_be_of_any_form(deploy: Deployer, file: str, source: str) -> None:
    function = deploy("nodejs22.x", {file: source})
    for event in ({"a": "wörld \U0001f600"}, None):
        assert result_of(function.invoke(json.dumps(event).encode())) == event


@needs_node
def test_a_node_function_has_its_context_and_its_lines_in_the_log(deploy: Deployer) -> None:
    function = deploy(
        "nodejs20.x",
        {
            "src/app.js": """
                const { name } = require("./lib");
                exports.a = { b: async (event, context) => {
                    console.log("two\\nlines", { a: 1 });
                    return [name, context.functionName, context.awsRequestId,
                            context.getRemainingTimeInMillis() > 20000,
                            process.env.AWS_LAMBDA_FUNCTION_VERSION];
                } };
            """,
            "src/lib.js": "exports.name = 'lib';",
        },
        handler="src/app.a.b",
    )
    outcome = function.invoke(request_id="id-1")
    assert result_of(outcome) == ["lib", "f", "id-1", True, "$LATEST"]
    assert "\tid-1\tINFO\ttwo\rlines { a: 1 }\n" in outcome.logs


@needs_node
@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("exports.handler = async () => { throw new TypeError('no') };", "TypeError", "no"),
        ("exports.handler = (e, c, callback) => callback(new Error('no'));", "Error", "no"),
        ("exports.handler = async () => { throw 'no' };", "string", "no"),
        ("exports.other = 1;", "Runtime.HandlerNotFound", "index.handler is undefined"),
        ("exports.handler = ", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
        ("require('./gone');", "Runtime.ImportModuleError", "Cannot find module './gone'"),
        ("process.exit(3)", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_a_node_functions_errors_are_lambdas(
    deploy: Deployer, source: str, kind: str, message: str
) -> None:
    outcome = deploy("nodejs22.x", {"index.js": source}).invoke()
    assert outcome.error_type == kind
    assert message in error_of(outcome)


@needs_node
def test_a_node_function_finds_the_packages_of_its_layer(deploy: Deployer, tmp_path: Path) -> None:
    write(tmp_path / "opt/nodejs/node_modules/shared/index.js", "module.exports = 'layer';")
    function = deploy(
        "nodejs22.x",
        {"index.js": "exports.handler = async () => require('shared');"},
        opt=tmp_path / "opt",
    )
    assert result_of(function.invoke()) == "layer"


def test_what_needs_another_language_is_refused_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for runtime in ("java21", "ruby3.4", "dotnet8", None):
        with pytest.raises(UnknownRuntimeError, match="Run LocalStack in Docker"):
            require(runtime)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnknownRuntimeError, match="Install it so that node is on the PATH"):
        require("nodejs22.x")


def other_python() -> str:
    """The version of another Python on this machine."""
    for minor in range(10, 15):
        if minor != sys.version_info.minor and runtimes._find_python(f"3.{minor}"):
            return f"3.{minor}"
    pytest.skip("needs a second version of Python")


@pytest.mark.heavy
def test_a_function_runs_on_the_python_that_its_runtime_names(deploy: Deployer) -> None:
    version = other_python()
    source = """
        import boto3  # which is not of that Python
        import sys
        def handler(event, context): return "{}.{}".format(*sys.version_info)
    """
    function = deploy(f"python{version}", {"index.py": source})
    assert result_of(function.invoke()) == version


def test_where_a_python_is_not_there_the_log_says_which_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtimes._say_once.cache_clear()
    package = Package(runtime="python3.99", code=tmp_path)
    assert command(package, INTERPRETER)[0] == sys.executable
    command(package, INTERPRETER)
    own = OWN.removeprefix("python")
    assert caplog.messages == [
        f"python3.99 functions run on Python {own}: Python 3.99 was not found"
    ]


def test_a_wrapper_runs_what_runs_the_handler(deploy: Deployer, tmp_path: Path) -> None:
    write(tmp_path / "opt/wrap", '#!/bin/sh\nexport WRAPPED="$1"\nexec "$@"')
    function = deploy(
        OWN,
        {"index.py": "import os\ndef handler(event, context): return os.environ['WRAPPED']"},
        opt=tmp_path / "opt",
        AWS_LAMBDA_EXEC_WRAPPER="/opt/wrap",
    )
    assert result_of(function.invoke()) == sys.executable
    code = {"run.sh": '#!/bin/sh\nexport WRAPPED=own\nexec "$@"'}
    function = deploy(
        OWN,
        {
            "index.py": "import os\ndef handler(event, context): return os.environ['WRAPPED']",
            **code,
        },
        AWS_LAMBDA_EXEC_WRAPPER="/var/task/run.sh",
    )
    assert result_of(function.invoke()) == "own"


def test_a_wrapper_that_is_not_there_is_named(deploy: Deployer) -> None:
    function = deploy(OWN, {"index.py": ""}, AWS_LAMBDA_EXEC_WRAPPER="/opt/gone")
    outcome = function.invoke()
    assert outcome.error_type == "Runtime.InvalidEntrypoint"
    assert "/opt/gone: no such file" in error_of(outcome)


def test_programs_of_a_layer_are_found_and_a_later_layer_replaces_an_earlier_one(
    deploy: Deployer, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write(first / "bin/tool", "#!/bin/sh\necho first")
    write(first / "bin/only-first", "#!/bin/sh\necho only")
    write(second / "bin/tool", "#!/bin/sh\necho second")
    write(second / "data.txt", "data")
    opt = merged([first, second], tmp_path / "opt")
    source = """
        import os, subprocess
        from pathlib import Path
        def handler(event, context):
            run = lambda name: subprocess.run([name], capture_output=True, text=True).stdout.strip()
            return [run("tool"), run("only-first"),
                    Path(os.environ["LAMBDA_OPT_DIR"], "data.txt").read_text()]
    """
    function = deploy(OWN, {"index.py": source}, opt=opt)
    assert result_of(function.invoke()) == ["second", "only", "data"]
    assert (first / "bin/tool").read_text().endswith("first")


GREEDY = """
import time
def handler(event, context):
    if event == "short":
        bytearray(200 * 2**20)
    elif event:
        kept = []
        while True:
            if len(kept) < 50:  # however late a busy machine kills it
                kept.append(bytearray(8 * 2**20))
            time.sleep(0.02)
    return "well"
"""


@pytest.mark.parametrize(
    "event",
    [
        "long",
        pytest.param(
            "short",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's peak"),
        ),
    ],
)
def test_a_function_that_uses_up_its_memory_is_killed_as_on_aws(
    deploy: Deployer, event: str
) -> None:
    function = deploy(OWN, {"index.py": GREEDY}, memory_mb=128)
    assert result_of(function.invoke(b"null")) == "well"
    outcome = function.invoke(json.dumps(event).encode())
    assert outcome.error_type == "Runtime.ExitError"
    assert error_of(outcome).endswith("Error: Runtime exited with error: signal: killed")
    assert "Memory Size: 128 MB\tMax Memory Used: 128 MB" in outcome.logs
    assert "The function used more than its 128 MB of memory." in outcome.logs
    assert result_of(function.invoke(b"null")) == "well"


def test_the_smallest_memory_is_enough_for_clients_of_aws(deploy: Deployer) -> None:
    source = """
        import boto3
        clients = [boto3.client(service, region_name="us-east-1")
                   for service in ("dynamodb", "kinesis", "s3", "sqs")]
        def handler(event, context): return len(clients)
    """
    function = deploy(OWN, {"index.py": source}, memory_mb=128)
    assert result_of(function.invoke()) == 4


def test_each_file_that_runs_alone_is_there() -> None:
    assert runtimes.PYTHON_MAIN.is_file()
    assert runtimes.NODE_MAIN.is_file()
    subprocess.run([sys.executable, "-m", "py_compile", runtimes.PYTHON_MAIN], check=True)
