"""What the documents tell a reader to type, typed in their order, each command as it stands there.

What belongs to the reader's own surroundings is replaced: the emulator's address, names of tables,
the id of a dead letter. What goes on until Ctrl-C is given an end. Events that are no tweets get a
stack of their own.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import boto3
import pytest

from localstack_embedded import Account
from localstack_embedded.tests.unused_ports import free_port
from tests import commands as running
from tests.documented import DOCUMENTS, EXAMPLES_NOT_RUN, PROJECT, Command, blocks, commands
from tests.stack_fixtures import make_sample_table
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import demo
from tweetpipe.commands.guide import EXAMPLES
from tweetpipe.deploying import deploy

UNREADABLE = b"from the documents"
TWEET = json.dumps(
    {
        "id_str": "1",
        "text": "a",
        "user": {"name": "A reader", "screen_name": "reader"},
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
    }
).encode()
FAKE_X = "http://127.0.0.1:8888"
# What ends a command that a reader would end.
ENDS = {
    r"tweetpipe watch.*": ["--for", "1"],
    # What other tests have sent is there as well.
    r"tweetpipe verify (fake )?--count .*": ["--allow-others"],
    r"tweetpipe produce .*twitter.*": ["--max-tweets", "3"],
}


class Reader:
    """Types in an empty folder, with only the emulator's address and the stack's name set."""

    def __init__(
        self,
        place: Place,
        stack: Stack,
        table: str,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self._place, self._stack, self._folder = place, stack, folder
        self._monkeypatch = monkeypatch
        self._cleanup = ExitStack()
        self._stacks = {"": stack.name}
        self._replaced = {
            "http://localhost:4566": place.endpoint or "",
            "my-sample-EventData": table,
            "tweets-EventData": stack.outputs["EventDataTable"],
        }
        monkeypatch.chdir(folder)
        monkeypatch.setenv("AWS_ENDPOINT_URL", place.endpoint or "")
        # For programs that are not ours.
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it may have other credentials

    def close(self) -> None:
        self._cleanup.close()

    def replace(self, **words: str) -> None:
        """Has these words replaced as well."""
        self._replaced |= words

    def wants_another_letter(self) -> None:
        """The id of the next dead letter is to be that of a new one."""
        self._replaced.pop("ID", None)

    def type(self, command: Command) -> None:
        words = [self._replaced.get(word, word) for word in command.words]
        for name, value in command.environment.items():
            self._monkeypatch.setenv(name, self._replaced.get(value, value))
        match words:
            case []:
                pass
            case ["tweetpipe", "dashboard"]:
                self._look_at_the_dashboard()
            case ["tweetpipe", *arguments, ">", name]:
                (self._folder / name).write_text(self._tweetpipe(arguments))
            case ["tweetpipe", *arguments]:
                ends = (end for what, end in ENDS.items() if re.fullmatch(what, " ".join(words)))
                self._tweetpipe(arguments + next(ends, []))
            case ["python", "-m", "fake_tweets", "serve"]:
                self._serve_fake_x()
            case ["python", script, *arguments]:
                self._monkeypatch.setattr(sys, "argv", [script, *arguments])
                runpy.run_path(str(self._folder / script), run_name="__main__")
            case _:
                pytest.fail(f"No test runs this, and NOT_RUN has no reason: {command}")

    def _tweetpipe(self, arguments: list[str]) -> str:
        if "ID" in arguments:
            self._replaced["ID"] = self._letter()
            arguments = [self._replaced.get(word, word) for word in arguments]
        if "redrive" in arguments and "--payload" in arguments:
            self._mend(Path(arguments[-1]))
        if arguments[:2] == ["produce", "file"]:
            self._find(arguments[2:])
        environment = os.environ | {"TWEETPIPE_STACK": self._stack_for(arguments)}
        ended = running.run_here(*arguments, folder=self._folder, environment=environment)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def _stack_for(self, arguments: list[str]) -> str:
        """The stack of the events that a command is for; makes sure that it is destroyed."""
        named = dict(itertools.pairwise(arguments)).get("--events")
        folder = named or os.environ.get("TWEETPIPE_EVENTS", "")
        if folder not in self._stacks:
            name = self._stacks[folder] = f"{self._stack.name}-{Path(folder).name}"
            self._cleanup.callback(deploy.destroy, self._place, name, on_event=lambda _: None)
        if folder.startswith("examples/") and not Path(folder).exists():
            shutil.copytree(PROJECT / folder, folder)
        return self._stacks[folder]

    def _letter(self) -> str:
        """The id of the letter of a record that could not be stored; sends one at first."""
        if "ID" not in self._replaced:
            self._place.kinesis().put_record(
                StreamName=self._stack.outputs["KinesisStream"], Data=UNREADABLE, PartitionKey="-"
            )

        url = self._stack.outputs["DeadLetterQueueUrl"]

        def found() -> str:
            letters, *_ = dead_letters.peek(self._place, url, 1000)
            return next((letter.id for letter in letters if letter.payload == UNREADABLE), "")

        return self._replaced.get("ID") or wait_for(found, "a dead letter")

    def _mend(self, file: Path) -> None:
        assert file.read_bytes() == UNREADABLE
        file.write_bytes(TWEET)

    def _find(self, arguments: list[str]) -> None:
        """Has a tweet in each file, folder or pattern that the reader is told to send."""
        for named in (word for word in arguments if not word.startswith("-")):
            file = self._folder / named.replace("*", "1")
            file = file if file.suffix else file / "tweets.ndjson"
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(gzip.compress(TWEET) if file.suffix == ".gz" else TWEET)

    def _look_at_the_dashboard(self) -> None:
        environment = running.environment_for(os.environ["AWS_ENDPOINT_URL"])
        environment |= {n: os.environ[n] for n in ("TWEETPIPE_EVENTS",) if n in os.environ}
        with running.dashboard(environment, self._stack_for([]), self._folder) as (url, _):
            assert urllib.request.urlopen(url).status == 200

    def _serve_fake_x(self) -> None:
        port = free_port()
        self._replaced[FAKE_X] = f"http://127.0.0.1:{port}"
        self._cleanup.enter_context(serving_fake_x(port))


@contextmanager
def serving_fake_x(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "fake_tweets", "serve", "--port", str(port), "--rate", "500"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield
        finally:
            process.kill()


@pytest.fixture
def sample_table(place: Place) -> Iterator[str]:
    """The table of a sample of 2015, with three items."""
    name = f"sample-{uuid.uuid4().hex[:8]}"
    make_sample_table(place, name)
    for number in "123":
        item = {"Username": {"S": name}, "Id": {"S": number}}
        place.dynamodb().put_item(TableName=name, Item=item)
    yield name
    place.dynamodb().delete_table(TableName=name)


@pytest.fixture
def reader(
    place: Place,
    shared: Account,
    deployed: Stack,
    sample_table: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Reader]:
    monkeypatch.setattr(demo, "start_localstack", lambda *_: shared.instance)
    reader = Reader(place, deployed, sample_table, tmp_path, monkeypatch)
    # What the producer of docker compose has sent.
    reader.type(Command(["tweetpipe", "produce", "--count", "100"], {}))
    yield reader
    reader.close()


def typed(document: Path) -> list[Command]:
    """What is run of it, in order."""
    shell = (block.code for block in blocks(document) if block.language == "")
    found = (command for code in shell for command in commands(code))
    return [command for command in found if command.reason is None]


# Another test sees to it that those in Korean tell to type the same.
RUN_HERE = [document for document in DOCUMENTS if ".ko." not in document.name and typed(document)]


@pytest.mark.parametrize("document", RUN_HERE, ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_a_document_says_works(document: Path, reader: Reader, tmp_path: Path) -> None:
    for block in blocks(document):
        named = re.search(r"`([\w/]+\.(?:py|ndjson))`", block.before)
        assert named or block.language != "python", f"{block} is to be typed into no file"
        if named and block.language in ("python", "json"):
            file = tmp_path / named[1]
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.code, encoding="utf-8")
    for command in typed(document):
        reader.type(command)


@pytest.mark.slow
def test_the_examples_of_help_work(reader: Reader) -> None:
    reader.replace(**{"5000": "50"})  # as good as many, and sooner done
    for name, examples in EXAMPLES.items():
        if name == "dead-letters purge":
            reader.wants_another_letter()
        for example in examples:
            if not any(re.fullmatch(pattern, example) for pattern in EXAMPLES_NOT_RUN):
                for command in commands(example):
                    reader.type(command)
