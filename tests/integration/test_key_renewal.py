"""A higher version of the producer's key replaces it, while tweets flow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.commands import producing
from tests.stack_fixtures import Command
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack


def test_a_higher_version_replaces_the_key(
    place: Place,
    new_stack: Callable[[], Stack],
    tweetpipe_command: Command,
    command_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """LocalStack leaves the secret as it was, and looks at no key: what AWS does is not tried."""
    before = new_stack()

    with producing(command_environment, before.name, tmp_path) as running:
        changed = tweetpipe_command("deploy", "--stack", before.name, "-p", "ProducerKeyVersion=2")
        assert running.poll() is None

    assert changed.returncode == 0, changed.stderr
    after = stacks.get(place, before.name)
    assert after.outputs["AccessKeyId"] != before.outputs["AccessKeyId"]
    assert tweetpipe_command("produce", "--stack", after.name, "--count", "5").returncode == 0
