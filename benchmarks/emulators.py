"""The same pipeline on three emulators: ours, LocalStack with moto's Kinesis, and MiniStack."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tweetpipe.aws.place import Place

_MINISTACK = Path(__file__).parents[1] / ".venv/environments/ministack/bin"
_START_SECONDS, _STOP_SECONDS = 60.0, 10.0
_BATCH_SIZE = 500

_MOTO = """\
from threading import RLock

from localstack.aws.api.kinesis import KinesisApi
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="kinesis", name="moto")
def kinesis():
    return Service.for_provider(KinesisApi(), dispatch_table_factory=one_at_a_time)


def one_at_a_time(provider):
    # When two calls come at the same moment, moto gives both records the same number and loses one.
    lock = RLock()

    def guarded(operation):
        def run(*arguments):
            with lock:
                return operation(*arguments)

        return run

    return {name: guarded(call) for name, call in MotoFallbackDispatcher(provider).items()}
"""


class Pipeline(NamedTuple):
    """Where records go in, where items come out, and the process that does it."""

    pid: int
    place: Place
    stream: str
    table: str


@contextmanager
def ours(shards: int) -> Iterator[Pipeline]:
    """The embedded LocalStack, as `tweetpipe up` starts it."""
    import localstack_embedded

    with _folder() as home:
        try:
            emulator = localstack_embedded.start(
                home, environment_home=localstack_embedded.DEFAULT_HOME
            )
            yield _deployed(emulator.pid, emulator.endpoint, shards)
        finally:
            localstack_embedded.stop(home)


@contextmanager
def on_moto(shards: int) -> Iterator[Pipeline]:
    """The same LocalStack with moto's Kinesis, its own poller, and its own web server."""
    import psutil

    import localstack_embedded

    with _folder() as home:
        plugin = home / "plugin"
        named = plugin / "moto_kinesis-1.dist-info"
        named.mkdir(parents=True)
        (named / "METADATA").write_text("Metadata-Version: 2.1\nName: moto-kinesis\nVersion: 1\n")
        group = "[localstack.aws.provider]\nkinesis:moto = moto_kinesis:kinesis\n"
        (named / "entry_points.txt").write_text(group)
        (plugin / "moto_kinesis.py").write_text(_MOTO)
        try:
            emulator = localstack_embedded.start(
                home, environment_home=localstack_embedded.DEFAULT_HOME
            )
            running = psutil.Process(emulator.pid)
            command, environ = running.cmdline(), running.environ()
        finally:
            localstack_embedded.stop(home)
        (Path(environ["TEMP"])).mkdir(parents=True)
        bound = {name for name in environ if name.startswith("GATEWAY_")} - {"GATEWAY_LISTEN"}
        changed = {"PROVIDER_OVERRIDE_KINESIS": "moto", "PYTHONPATH": str(plugin)}
        environ = {name: value for name, value in environ.items() if name not in bound} | changed
        endpoint = f"http://{environ['GATEWAY_LISTEN']}"
        with _process(command, environ, home, f"{endpoint}/_localstack/health") as pid:
            yield _deployed(pid, endpoint, shards)


@contextmanager
def ministack(shards: int) -> Iterator[Pipeline]:
    """MiniStack; its CloudFormation lacks access keys, so the resources are made directly."""
    from tweetpipe.aws.place import local_place

    with _folder() as home, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        endpoint = f"http://127.0.0.1:{port}"
        environ = {
            "PATH": f"{_MINISTACK}:{os.environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": str(home),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "LAMBDA_EXECUTOR": "local",
        }
        command = [str(_MINISTACK / "ministack")]
        with _process(command, environ, home, f"{endpoint}/_ministack/health") as pid:
            place = local_place(embedded_endpoint=endpoint, environ={})
            yield Pipeline(pid, place, *_made(place, endpoint, shards))


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(
    command: list[str], environ: Mapping[str, str], folder: Path, health: str
) -> Iterator[int]:
    """Start a command, wait until it answers, and stop it and its children after the block."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environ, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(health):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} didn't start:\n{(folder / 'log').read_text()}")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()  # both stop their functions' processes then
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(address, timeout=2):
        return True
    return False


def _deployed(pid: int, endpoint: str, shards: int) -> Pipeline:
    """The project's own template."""
    from tweetpipe.aws.place import local_place
    from tweetpipe.deploying.deploy import deploy

    place = local_place(embedded_endpoint=endpoint, environ={})
    parameters = {
        "ShardCount": str(shards),
        "BatchSize": str(_BATCH_SIZE),
        "BatchWindowSeconds": "0",
    }
    stack, _ = deploy(
        place,
        "bench",
        parameters=parameters,
        approve=lambda _: True,
        on_step=lambda _: None,
        on_event=lambda _: None,
    )
    return Pipeline(pid, place, stack.outputs["KinesisStream"], stack.outputs["EventDataTable"])


def _made(place: Place, endpoint: str, shards: int) -> tuple[str, str]:
    """A stream and a table, with the function between them."""
    from tweetpipe.deploying import package
    from tweetpipe.events import chosen

    name = "bench"
    kinesis, dynamodb, functions = place.kinesis(), place.dynamodb(), place.lambda_()
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    dynamodb.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "Username", "KeyType": "HASH"},
            {"AttributeName": "Id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "Username", "AttributeType": "S"},
            {"AttributeName": "Id", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    queue = place.sqs().create_queue(QueueName=name)["QueueUrl"]
    variables = {"TABLE_NAME": name, "DEAD_LETTER_QUEUE_URL": queue, "AWS_ENDPOINT_URL": endpoint}
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/bench",
        Handler="processor.handler.handler",
        Code={"ZipFile": package.archive(chosen().packaged)},
        MemorySize=512,
        Timeout=60,
        Environment={"Variables": variables},
    )
    stream: Any = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=stream["StreamARN"],
        BatchSize=_BATCH_SIZE,
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    return name, name
