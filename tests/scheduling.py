"""Decides which tests run in parallel: files do, but tests of the same file don't."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

# The slowest start first. Otherwise, one worker would run them while the others are idle.
_SLOWEST_FIRST = (
    "tests/containers/",
    "tests/iam/",
    "tests/integration/",
    "tests/browser/",
    "tests/unit/tweetpipe/commands/test_ctrl_c.py",
    "tests/unit/tweets/x/test_recovering.py",
    "localstack_embedded/tests/test_function_environment.py",
    "localstack_embedded/tests/test_environment.py",
    "tests/unit/tweetpipe/live/test_collector.py",
    "tests/unit/tweetpipe/commands/test_limits.py",
    "tests/unit/producer/sending/test_full_shards.py",
    "tests/unit/infra/test_outages.py",
    "tests/unit/tweetpipe/commands/test_dashboard.py",
    "tests/unit/tweetpipe/dashboard/test_connections.py",
    "tests/unit/tweets/x/test_against_the_fake_x.py",
    "tests/unit/tweetpipe/commands/test_full_shards.py",
    "tests/unit/processor/test_trial.py",
    "tests/unit/tweetpipe/plan/test_against_the_simulation.py",
    "tests/unit/processor/test_fuzzed.py",
    "tests/unit/producer/test_delivery_over_http.py",
    "tests/unit/tweetpipe/dashboard/test_admission.py",
    "localstack_embedded/tests/test_runtimes.py",
    "localstack_embedded/tests/test_worker.py",
    "localstack_embedded/tests/test_mapping_worker.py",
    "localstack_embedded/tests/test_keeping_services.py",
    "localstack_embedded/tests/test_emulator.py",
    "tests/unit/tweetpipe/commands/test_ends_of_produce.py",
    "tests/unit/tweetpipe/dashboard/test_events.py",
    "tests/unit/processor/test_handler.py",
    "tests/unit/producer/test_nothing_is_lost.py",
    "tests/unit/tweetpipe/commands/test_plan.py",
    "tests/unit/tweetpipe/dead_letters/test_redrive_batches.py",
    "tests/unit/tweetpipe/dashboard/test_actions.py",
    "tests/unit/producer/test_resuming.py",
    "tests/unit/producer/test_resumable.py",
    "tests/unit/tweets/fakes/test_command.py",
    "tests/unit/tweets/fakes/x_api/test_command.py",
    "tests/unit/tweetpipe/deploying/test_package.py",
)
# Their files share a setup, or would disturb each other.
_ONE_AT_A_TIME = ("tests/containers/",)


def in_order(items: Sequence[pytest.Item]) -> list[list[pytest.Item]]:
    """The unit of work of a worker: the tests of a file, or of a folder whose files share setup."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(scope(item.nodeid), []).append(item)
    return [files[each] for each in sorted(files, key=rank)]


def scope(nodeid: str) -> str:
    """The file, or the folder whose files must not run in parallel."""
    file = nodeid.split("::")[0]
    return next((folder for folder in _ONE_AT_A_TIME if file.startswith(folder)), file)


def rank(scope: str) -> int:
    """The position among the slowest, by file or folder; others come after them."""
    slow = [scope.startswith(place) for place in _SLOWEST_FIRST]
    return [*slow, True].index(True)
