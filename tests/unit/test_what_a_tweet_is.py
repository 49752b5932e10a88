"""What a tweet is, only `tweets/` knows: the rest of the code doesn't even name it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from tests.documented import PROJECT
from tweetpipe.commands import produce_twitter
from tweetpipe.commands.app import app

# Twitter's names for things, and X; but not the project's name, nor python3.X.
WORDS = re.compile(r"(?i:(?:re)?tweet(?!pipe)|twitter)|(?<![\w.-])X(?![\w-])")

# What deals in tweets by its nature: what they are, and how fast they go.
FOLDERS = ("infra", "localstack_embedded", "processor", "producer", "tweetpipe")
NOT_OURS = (
    "localstack_embedded/tests/",
    "tweetpipe/dashboard/static/vendor/",
    "egg-info",
    "build/",
)

# Modules that the import contract lets import tweets are free to name them as well.
ALLOWED = {
    "infra/comply-policy.json": "rights for the stack that is called like the default one",
    "infra/deploy-policy.json": "rights for stacks that are called like the default one",
    "infra/everything-on.json": "values for a check: the default stack",
    "infra/permissions-boundary.json": "rights for stacks that are called like the default one",
    "infra/producer-everything-on.json": "values for a check: the default stack",
    "infra/producer.yaml": "runs `produce twitter` as a service",
    "infra/template.yaml": "the default of the parameter Events",
    "processor/settings.py": "the default events, where the environment names none",
    "producer/twitter2kinesis.py": "the command of the sample of 2015",
    "tweetpipe/aws/stack.py": "the default stack's name",
    "tweetpipe/commands/app.py": "says in --help what the default events are",
    "tweetpipe/commands/by_source.py": "why `produce twitter` has no --rate",
    "tweetpipe/commands/guide.py": "examples of `produce twitter`",
    "tweetpipe/commands/plan.py": "--tweet-bytes, an old name; --from-x adds what X charges",
    "tweetpipe/commands/produce.py": "the name of the source `twitter`",
    "tweetpipe/commands/produce_twitter.py": "the source `twitter`",
    "tweetpipe/commands/shown/complied.py": "what X's job and its streams came to",
    "tweetpipe/commands/shown/plan.py": "a row of the bill is X's",
    "tweetpipe/commands/shown/plan_notes.py": "what tweetpipe comply costs, which only tweets have",
    "tweetpipe/commands/status.py": "asks the source `twitter` what it has missed",
    "tweetpipe/events/imports.py": "names of packages that a folder of events can't have",
    "tweetpipe/events/loading.py": "the default folder of events",
    "tweetpipe/plan/assumptions.py": "says which events the default sizes are of",
    "tweetpipe/plan/constants.py": "says which events were measured, and X's limits",
    "tweetpipe/plan/costs.py": "the bill of --from-x",
    "tweetpipe/plan/limits.py": "the limits of --from-x",
}


def modules_that_may_import_tweets() -> set[str]:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [only] = (each for each in contracts if each.get("forbidden_modules") == ["tweets"])
    return {allowed.partition(" -> ")[0] for allowed in only["ignore_imports"]}


def lines_with_the_words() -> Iterator[tuple[str, str]]:
    """Files of the code, and in each the lines that name a tweet."""
    for path in (path for folder in FOLDERS for path in (PROJECT / folder).rglob("*")):
        name = path.relative_to(PROJECT).as_posix()
        if not path.is_file() or any(part in name for part in (*NOT_OURS, "__pycache__")):
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if WORDS.search(line):
                yield name, line.strip()


def test_no_other_code_names_a_tweet_without_a_reason() -> None:
    free = {f"{module.replace('.', '/')}.py" for module in modules_that_may_import_tweets()}
    found = list(lines_with_the_words())

    assert [each for each in found if each[0] not in ALLOWED.keys() | free] == []
    assert ALLOWED.keys() - {name for name, _ in found} == set(), "no longer needed"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("a tweet", True),
        ("TweetSource", True),
        ("TwitterAPI", True),
        ("a Retweet", True),
        ("what X charges", True),
        ("X's stream", True),
        ("tweetpipe.events", False),
        ("TWEETPIPE_EVENTS", False),
        ("X-Amz-Date", False),
        ("python3.X", False),
        ("X86_64", False),
    ],
)
def test_the_words_are_told_from_others(line: str, names: bool) -> None:
    assert bool(WORDS.search(line)) is names


def helps(command: Any, *names: str) -> Iterator[tuple[str, Any, str]]:
    """Each command, and what it and its options say of themselves."""
    said = [command.help, command.epilog, *(each.help for each in options(command))]
    said += [getattr(each, "show_default", "") for each in options(command)]
    yield from ((" ".join(names), command, f"{each or ''}") for each in said)
    for name, below in getattr(command, "commands", {}).items():
        yield from helps(below, *names, name)


def options(command: Any) -> list[Any]:
    """Those that --help shows and that are for any events: `plan --from-x` is not."""
    return [each for each in command.params if not each.hidden and each.name != "from_x"]


def test_help_is_the_same_whatever_the_events_are() -> None:
    """Only `tweetpipe --help`, --stack, and --shape say what holds for the default events."""
    free = modules_that_may_import_tweets() | {produce_twitter.__name__}
    for name, command, said in helps(get_command(app)):
        if name and command.callback.__module__ not in free:
            general = said.replace("tweets, or the name of", "").replace("For tweets: v1, v2", "")
            assert not WORDS.search(general), name
