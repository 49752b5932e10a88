"""The pytest plugin in a project of its own, with the example of its README."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from localstack_embedded.homes import HERE

EXAMPLE = re.findall(
    r"```python\n(.*?)```", (HERE / "README.md").read_text(encoding="utf-8"), re.DOTALL
)[1]

TESTS = """
import boto3
import pytest

@pytest.mark.parametrize("time", [1, 2])
def test_accounts_do_not_see_each_other(aws_account, time):
    assert boto3.client("sts").get_caller_identity()["Account"] == aws_account.id
    boto3.client("sqs").create_queue(QueueName="same")
    assert len(boto3.client("sqs").list_queues()["QueueUrls"]) == 1
    boto3.client("kinesis").create_stream(StreamName="same", ShardCount=1)

def test_a_reset_empties_all_accounts(localstack, reset):
    sqs, s3 = localstack.client("sqs"), localstack.another().client("s3")
    sqs.create_queue(QueueName="queue")
    s3.create_bucket(Bucket="bucket")
    reset()
    assert "QueueUrls" not in sqs.list_queues()
    assert s3.list_buckets()["Buckets"] == []
"""


def test_its_fixtures_serve_a_project_that_has_nothing_but_its_tests(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(EXAMPLE)
    (tmp_path / "test_more.py").write_text(TESTS)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        # What a user has configured must not count.
        env={**os.environ, "AWS_PROFILE": "gone", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 passed" in ended.stdout
