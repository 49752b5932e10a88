"""`tweetpipe produce twitter`: whose rules, what they bring, and what that may cost."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.commands import run_here
from tests.unit.producer.doubles import KinesisServer
from tests.unit.tweetpipe.stubs import complete_stack, place_at
from tweetpipe.commands import produce_twitter
from tweets.fakes.x_api import FakeX, Limits, serving
from tweets.x import TAG

OFTEN = "often: RT OR is OR a OR the\n"
NEVER = "never: nobodywritesthis\n"


class Twitter:
    """`tweetpipe produce twitter`, with a fake X that is made to order and the settings for it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.settings = {"bearer_token": FakeX().credentials.bearer_token}
        self._stack = stack

    def serve(self, **options: Any) -> FakeX:
        served = self._stack.enter_context(
            serving(FakeX(**{"rate": 10_000.0, "heartbeat": 0.2} | options))
        )
        self.settings["X_API_URL"] = served.url
        return served.fake

    def rules(self, content: str) -> None:
        (self.folder / "rules.txt").write_text(content)

    def spent(self) -> int:
        """What all runs have counted."""
        [spent] = json.loads((self.folder / "x-spending.json").read_text()).values()
        return int(spent["posts"])

    def __call__(self, *arguments: str) -> CompletedProcess[str]:
        return run_here(
            *("produce", "twitter", *arguments, "--own-credentials"),
            folder=self.folder,
            environment=self.settings,
        )


@pytest.fixture
def twitter(
    kinesis: KinesisServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Twitter]:
    place, stack = place_at(kinesis.url), complete_stack(KinesisStream="tweets")
    monkeypatch.setattr(produce_twitter, "open_stack", lambda *_: (place, stack))
    with ExitStack() as servers:
        yield Twitter(tmp_path, servers)


def test_a_file_of_rules_is_read_and_each_rule_has_its_count(
    twitter: Twitter,
) -> None:
    fake = twitter.serve()
    twitter.rules(OFTEN + NEVER)

    outcome = twitter("--rules", "rules.txt", "--track", "yolo", "--max-tweets", "50")

    assert outcome.returncode == 0, outcome.stderr
    assert {(rule.value, rule.tag) for rule in fake.rules.rules} == {
        ("RT OR is OR a OR the", f"{TAG}:often"),
        ("nobodywritesthis", f"{TAG}:never"),
        ("yolo", TAG),
    }
    found = re.search(r"^By rule: often (\d+), yolo (\d+), never 0$", outcome.stderr, re.MULTILINE)
    assert found, outcome.stderr
    assert int(found[1]) + int(found[2]) >= 50
    counted = re.search(r"X's own count .* is (\d+) of 3,000,000 posts", outcome.stderr)
    assert counted, outcome.stderr
    assert f"{twitter.spent()} posts for $" in outcome.stderr
    assert 50 <= twitter.spent() <= int(counted[1])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("cats: cat\ncats:\n", "line 2: no rule follows the tag"),
        ("#cats\n", "line 1: #cats could be a hashtag or a comment"),
        ("a: x\n\nb: x\n", "line 3: the same rule as in line 1"),
        (f"a: {'x' * 1025}\n", "line 1: the rule has 1,025 characters"),
        (
            "".join(f"t{n}: w{n}\n" for n in range(1001)),
            "line 1001: too many rules. X allows",
        ),
    ],
)
def test_a_wrong_file_of_rules_is_refused_before_x_is_called(
    content: str, says: str, twitter: Twitter
) -> None:
    fake = twitter.serve(limits=Limits(rules_get=0, rules_post=0, usage=0))
    twitter.rules(content)

    outcome = twitter("--rules", "rules.txt")

    assert outcome.returncode == 2
    assert says in outcome.stderr
    assert outcome.stderr.endswith(
        "\nNo rule was changed at X. Correct this, then run the command again.\n"
    )
    assert not [window for window in fake.windows.values() if window.used]


def test_a_rule_that_x_does_not_take_is_named_by_its_line(
    twitter: Twitter,
) -> None:
    fake = twitter.serve()
    twitter.rules(f"# mine\n{OFTEN}wrong: lang:en\n")

    outcome = twitter("--rules", "rules.txt")

    assert outcome.returncode == 2
    assert "rules.txt, line 3: X refuses (400): 'lang:en': " in outcome.stderr
    assert outcome.stderr.endswith("Correct the line, then run this command again.\n")
    assert not fake.rules.rules


def test_a_rule_on_the_command_line_that_x_does_not_take_is_to_be_corrected(
    twitter: Twitter,
) -> None:
    twitter.serve()

    outcome = twitter("--track", "lang:en")

    assert outcome.returncode == 1
    assert "Error: X refuses (400): 'lang:en': " in outcome.stderr
    assert outcome.stderr.endswith("Correct the rule, then run this command again.\n")


@pytest.mark.parametrize("choice", ["", "--dry-run"])
def test_a_refused_token_and_a_fake_x_that_does_not_run_lead_to_one_that_does(
    choice: str, silent: str, twitter: Twitter
) -> None:
    twitter.serve()
    twitter.settings["bearer_token"] = "wrong"
    refused = twitter("--track", "yolo", *choice.split())
    twitter.settings["X_API_URL"] = silent
    gone = twitter("--track", "yolo", *choice.split())

    assert (refused.returncode, gone.returncode) == (1, 1)
    assert "X refuses (401)" in refused.stderr
    assert refused.stderr.endswith(
        "  export X_API_URL=http://127.0.0.1:8888 bearer_token=fake-bearer-token\n"
    )
    port = silent.rpartition(":")[2]
    assert gone.stderr.endswith(f":\n  {sys.executable} -m fake_tweets serve --port {port}\n")


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    twitter: Twitter,
) -> None:
    fake = twitter.serve()
    fake.rules.add([("yolo", f"{TAG}:fun"), ("old", TAG), ("cats", "somebody")])
    before = fake.rules.rules
    twitter.rules(f"fun: yolo\n{OFTEN}")

    outcome = twitter("--rules", "rules.txt", "--dry-run")

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.splitlines() == [
        "add     often: RT OR is OR a OR the",
        "keep    fun: yolo",
        "remove  old",
    ]
    assert "Would add 1, keep 1, and remove 1 rule." in outcome.stderr
    assert fake.rules.rules == before
    assert not fake.connections
    assert not [*twitter.folder.glob("x-*")]


def test_a_full_app_has_its_rules_exchanged(
    twitter: Twitter,
) -> None:
    fake = twitter.serve(limits=Limits(rules=6))
    fake.rules.add([("cats", "somebody"), *((f"old{n}", f"{TAG}:t{n}") for n in range(5))])
    twitter.rules(OFTEN + "".join(f"t{n}: new{n}\n" for n in range(4)))

    outcome = twitter("--rules", "rules.txt", "--max-tweets", "1")

    assert outcome.returncode == 0, outcome.stderr
    assert sorted(rule.value for rule in fake.rules.rules) == [
        *("RT OR is OR a OR the", "cats", "new0", "new1", "new2", "new3"),
    ]


def test_the_monthly_limit_ends_the_reading_and_holds_for_the_next_run(
    twitter: Twitter,
) -> None:
    fake = twitter.serve(rate=400.0)
    twitter.rules(OFTEN)
    line = ("--rules", "rules.txt")
    assert twitter(*line, "--max-tweets", "10").returncode == 0
    before = twitter.spent()
    assert before >= 10

    twitter.settings["X_MONTHLY_LIMIT"] = f"{(before + 30) * 0.005}"
    outcome = twitter(*line)
    assert outcome.returncode == 1
    # The last line of these; a slow run has others before.
    [*_, (read, sent)] = re.findall(r"Read (\d+), sent (\d+)", outcome.stderr)
    # What X had sent when the limit was reached is paid for, and so it is used and counted.
    assert 30 <= int(read) == int(sent) == twitter.spent() - before
    assert twitter.spent() <= fake.usage.posts
    assert re.search(r"The monthly limit of \$\S+ is reached: \d+ posts for", outcome.stderr)
    assert "raise X_MONTHLY_LIMIT" in outcome.stderr

    connections, used = len(fake.connections), fake.windows["rules_get"].used
    again = twitter(*line)
    assert again.returncode == 1
    assert "Nothing was read from X." in again.stderr
    assert (len(fake.connections), fake.windows["rules_get"].used) == (connections, used)

    counted = twitter.spent()
    twitter.settings |= dict.fromkeys(("X_MONTHLY_LIMIT", "X_PRICE_PER_POST", "X_ACCESS"), "")
    assert twitter(*line, "--max-tweets", "5").returncode == 0
    assert twitter.spent() >= counted + 5


def test_where_nothing_is_kept_the_count_of_x_counts_for_the_limit(
    twitter: Twitter,
) -> None:
    fake = twitter.serve()
    fake.usage.charge(f"{n}" for n in range(15))
    (twitter.folder / "x-spending.json").write_text('{"http')

    outcome = twitter("--track", "the", "--monthly-limit", "0.1")

    assert outcome.returncode == 1
    assert "X's own count for this month: 15 posts" in outcome.stderr
    assert twitter.spent() >= 20


def test_a_count_that_cannot_be_kept_stops_a_run_only_where_there_is_a_limit(
    twitter: Twitter,
) -> None:
    fake = twitter.serve()
    (twitter.folder / "x-spending.json").mkdir()

    limited = twitter("--track", "the", "--monthly-limit", "5")
    assert limited.returncode == 1
    assert "cannot read x-spending.json: Is a directory" in limited.stderr
    assert not fake.connections

    outcome = twitter("--track", "the", "--max-tweets", "5")
    assert outcome.returncode == 0, outcome.stderr
    assert "Read 5, sent 5" in outcome.stderr
    assert "The spending of all runs is not known: cannot read" in outcome.stderr


def test_a_usage_that_x_does_not_tell_stops_nothing(
    twitter: Twitter,
) -> None:
    twitter.serve(limits=Limits(usage=0))

    outcome = twitter("--track", "the", "--max-tweets", "5")

    assert outcome.returncode == 0, outcome.stderr
    assert "X's own count is not available" in outcome.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("X_ACCESS", "gold", "pay-per-use, enterprise"),
        ("X_MONTHLY_LIMIT", "nan", "The variable X_MONTHLY_LIMIT must be a number of"),
        ("X_MONTHLY_LIMIT", "5 dollars", "10, not '5 dollars'. For help"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    name: str,
    value: str,
    says: str,
    twitter: Twitter,
) -> None:
    twitter.serve()
    twitter.settings[name] = value

    outcome = twitter("--track", "yolo")

    assert outcome.returncode == 2
    assert says in outcome.stderr


def test_a_run_says_from_when_to_when_it_has_read(twitter: Twitter) -> None:
    twitter.serve()
    twitter.rules(OFTEN)
    twitter.settings["X_MONTHLY_LIMIT"] = "0.02"
    first = twitter("--rules", "rules.txt")
    twitter.settings["X_MONTHLY_LIMIT"] = "0.04"
    second = twitter("--rules", "rules.txt")

    assert "No run has kept in" in first.stderr
    assert re.search(r"The stream was read until 20\d\d-[-0-9]+ [0-9:]+ UTC", first.stderr)
    assert "No run has kept in" not in second.stderr
