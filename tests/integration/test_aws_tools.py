"""AWS's own tools on the same template, and --target aws with an emulator in AWS's place."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import uuid
import venv
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

import localstack_embedded
from localstack_embedded import DEFAULT_HOME
from tests.stack_fixtures import Command, make_sample_table
from tests.waiting import wait_for
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import package
from tweetpipe.looking import table, verify
from tweetpipe.project import BUILD, ROOT, TEMPLATE

REQUIREMENTS = ROOT / "requirements" / "awscli.txt"
DOCS = ROOT / "docs" / "aws.md"
AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

# Reads the template as the SAM CLI does, translates it, and prints the resources that come out.
SAM = """
import json, sys
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse
translated = Translator({}, Parser()).translate(yaml_parse(open(sys.argv[1])), {})
print(json.dumps(sorted(translated["Resources"])))
"""

Asked = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def aws_cli() -> Path:
    """The AWS CLI in an environment of its own, made on first use."""
    BUILD.mkdir(exist_ok=True)
    version = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    home = BUILD / f"awscli-{version}"
    with FileLock(BUILD / "awscli.lock"):
        if not (home / "complete").exists():
            venv.create(home, with_pip=True, clear=True)
            pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
            (home / "complete").touch()
    return home / "bin" / "aws"


@pytest.fixture
def stack_name(place: Place) -> Iterator[str]:
    """A name for a stack that somebody else deploys; it is gone afterwards."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    client = place.cloudformation()
    client.delete_stack(StackName=name)
    wait_for(lambda: stacks.find(place, name) is None, f"the end of {name}")


@pytest.fixture
def on_aws(tweetpipe_command: Command) -> Asked:
    """Runs `tweetpipe ... --target aws` with these answers typed in."""

    def run(*arguments: str, answers: str = "") -> subprocess.CompletedProcess[str]:
        return tweetpipe_command(*arguments, "--target", "aws", answers=answers, **AWS)

    return run


def test_the_plain_aws_cli_deploys_a_working_stack(
    aws_cli: Path,
    place: Place,
    stack_name: str,
    command_environment: dict[str, str],
    tweetpipe_command: Command,
    tmp_path: Path,
) -> None:
    package.build(events.chosen().packaged)  # make package
    bucket = f"{stack_name}-packages"
    packaged = tmp_path / "packaged.yaml"

    def aws(*arguments: str) -> None:
        outcome = subprocess.run(
            [str(aws_cli), *arguments],
            cwd=tmp_path,
            env=command_environment | AWS,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr

    aws("s3", "mb", f"s3://{bucket}")
    try:
        template = ("--template-file", str(TEMPLATE))
        bucket_and_output = ("--s3-bucket", bucket, "--output-template-file", str(packaged))
        # Another test's deployment would build into the same folder.
        with FileLock(BUILD / "function.lock"):
            aws("cloudformation", "package", *template, *bucket_and_output)
        to = ("--template-file", str(packaged), "--stack-name", stack_name)
        parameters = ("--parameter-overrides", "ShardCount=2", "BatchWindowSeconds=0")
        aws("cloudformation", "deploy", *to, "--capabilities", "CAPABILITY_IAM", *parameters)

        fake = ("--seed", "61", "--count", "200", "--stack", stack_name)
        produced = tweetpipe_command("produce", *fake)
        assert produced.returncode == 0, produced.stderr
        deployed = stacks.get(place, stack_name)
        comparison = verify.wait_until_stored(
            place, deployed.outputs["EventDataTable"], verify.expected_items(61, 200), patience=120
        )
        assert comparison == verify.Comparison(expected=200)
        assert deployed.parameters["ShardCount"] == "2"
    finally:
        aws("s3", "rb", f"s3://{bucket}", "--force")


def test_the_script_for_the_samples_table_copies_every_item(
    place: Place, command_environment: dict[str, str], tmp_path: Path
) -> None:
    [script] = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    names = [f"test-{uuid.uuid4().hex[:8]}-EventData" for _ in range(2)]
    client = place.dynamodb()
    tweets = list(verify.expected_items(8, 120).values())
    try:
        for name in names:
            make_sample_table(place, name)
        for tweet in tweets:
            item = {field: {"S": value} for field, value in tweet.items()}
            client.put_item(TableName=names[0], Item=item)
        subprocess.run(
            [sys.executable, "-c", script, *names],
            cwd=tmp_path,
            env=command_environment | AWS,
            timeout=100,
            check=True,
        )
        copied = {verify.key(item): item for item in table.scan(place, names[1])}
        assert copied == {verify.key(tweet): tweet for tweet in tweets}
    finally:
        for name in names:
            client.delete_table(TableName=name)


def test_a_backup_of_a_deleted_table_is_restored_and_copied_into_a_stack(
    place: Place, deployed: Stack, command_environment: dict[str, str], tmp_path: Path
) -> None:
    [script] = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    lost, restored = (f"test-{uuid.uuid4().hex[:8]}-EventData" for _ in range(2))
    client = place.dynamodb()
    tweets = {verify.key(tweet): tweet for tweet in verify.expected_items(9, 60).values()}
    make_sample_table(place, lost)
    for tweet in tweets.values():
        item = {field: {"S": value} for field, value in tweet.items()}
        client.put_item(TableName=lost, Item=item)
    backup = client.create_backup(TableName=lost, BackupName="last")["BackupDetails"]["BackupArn"]
    client.delete_table(TableName=lost)
    try:
        client.restore_table_from_backup(TargetTableName=restored, BackupArn=backup)
        client.get_waiter("table_exists").wait(TableName=restored)
        subprocess.run(
            [sys.executable, "-c", script, restored, deployed.outputs["EventDataTable"]],
            cwd=tmp_path,
            env=command_environment | AWS,
            timeout=100,
            check=True,
        )
    finally:
        client.delete_table(TableName=restored)
        client.delete_backup(BackupArn=backup)

    found = table.scan(place, deployed.outputs["EventDataTable"])
    assert tweets.items() <= {verify.key(item): item for item in found}.items()


def test_sam_takes_the_template_as_it_is() -> None:
    # The part of the SAM CLI's validation that is a package; LocalStack's environment has it.
    python = localstack_embedded.ensure_environment(DEFAULT_HOME).python
    outcome = subprocess.run(
        [str(python), "-c", SAM, str(TEMPLATE)],
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout) == sorted(yaml_resources(TEMPLATE.read_text("utf-8")))


def yaml_resources(template: str) -> list[str]:
    """The names below Resources, two spaces deep."""
    section = template.split("\nResources:\n")[1].split("\nOutputs:\n")[0]
    return re.findall(r"^  (\w+):$", section, re.MULTILINE)


def test_deploy_shows_the_plan_and_changes_nothing_until_it_is_approved(
    place: Place, stack_name: str, on_aws: Asked
) -> None:
    def packages() -> list[str]:
        buckets = place.s3().list_buckets()["Buckets"]
        pages = (place.s3().list_objects_v2(Bucket=bucket["Name"]) for bucket in buckets)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return [key for key in keys if key.startswith(f"{stack_name}/")]

    for answers, code in (("n\n", 1), ("\n", 1), ("", 2)):
        outcome = on_aws("deploy", "--stack", stack_name, answers=answers)
        assert outcome.returncode == code, outcome.stderr
        assert "othing was changed" in outcome.stderr
        assert stacks.find(place, stack_name) is None
        assert packages() == []

    first, *_ = outcome.stderr.splitlines()
    assert first == f"Account 000000000000, region us-east-1, stack {stack_name}"
    assert "This is not AWS" in outcome.stderr
    assert "added            EventStream  AWS::Kinesis::Stream" in outcome.stderr
    assert "Cost: about $11 a month for 1 shard" in outcome.stderr


def test_a_stack_is_deployed_looked_at_and_destroyed_as_on_aws(
    place: Place, stack_name: str, on_aws: Asked
) -> None:
    name = ("--stack", stack_name)
    deployed = on_aws("deploy", *name, answers="y\n")
    assert deployed.returncode == 0, deployed.stderr
    assert on_aws("produce", *name, "--count", "20", "--seed", "5").returncode == 0
    assert on_aws("verify", *name, "--count", "20", "--seed", "5").returncode == 0

    status = json.loads(on_aws("status", "--json", *name).stdout)
    assert status["items"] == 20
    assert 0 <= (status["metrics"]["iterator_age"] or 0) < 300, "none before the first minute ends"

    refused = on_aws("destroy", *name, answers="yes\n")
    assert refused.returncode == 1
    assert "about 20 items" in refused.stderr
    assert "0 dead letters" in refused.stderr
    assert "Nothing was deleted." in refused.stderr
    assert stacks.find(place, stack_name) is not None

    destroyed = on_aws("destroy", *name, answers=f"{stack_name}\n")
    assert destroyed.returncode == 0, destroyed.stderr
    assert stacks.find(place, stack_name) is None


def test_logs_show_a_batch_with_its_counts_and_why_a_record_was_rejected(
    new_stack: Callable[[], Stack], tweetpipe_command: Command, tmp_path: Path
) -> None:
    name = ("--stack", new_stack().name)
    assert "No log lines in the last 10m" in tweetpipe_command("logs", *name).stderr
    (tmp_path / "bad.ndjson").write_text("no JSON\n")
    source = ("--source", "file", "--file", "bad.ndjson")
    assert tweetpipe_command("produce", *name, *source).returncode == 0

    def shown() -> str:
        outcome = tweetpipe_command("logs", *name)
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout if "batch processed" in outcome.stdout else ""

    rejected, processed = wait_for(shown, "the batch's line").splitlines()
    assert "WARNING  record rejected  reason: not-json" in rejected
    assert "INFO     batch processed  1 record, 0 stored, 1 rejected" in processed

    lines = tweetpipe_command("logs", "--json", *name).stdout.splitlines()
    messages = [json.loads(line)["message"] for line in lines]
    assert any(isinstance(m, dict) and m.get("reason") == "not-json" for m in messages)


def test_following_logs_shows_what_comes_until_it_is_interrupted(
    place: Place,
    new_stack: Callable[[], Stack],
    command_environment: dict[str, str],
    tweetpipe_command: Command,
    tmp_path: Path,
) -> None:
    stack = new_stack()
    said = tmp_path / "said"

    def has_batches(number: int) -> bool:
        return said.read_text().count("batch processed") >= number

    command = [sys.executable, "-m", "tweetpipe", "logs", "--follow", "--stack", stack.name]
    with (
        said.open("w") as output,
        subprocess.Popen(
            command, cwd=tmp_path, env=command_environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            for seed in ("6", "7"):
                fake = ("--count", "3", "--seed", seed, "--stack", stack.name)
                assert tweetpipe_command("produce", *fake).returncode == 0
                wait_for(partial(has_batches, int(seed) - 5), "the batch's line")
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 130
    assert "Traceback" not in said.read_text()
    assert len(list(table.scan(place, stack.outputs["EventDataTable"]))) == 6
