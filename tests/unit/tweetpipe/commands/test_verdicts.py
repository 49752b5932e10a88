"""What was verified is told first, whatever becomes of the look at the stack afterwards."""

from __future__ import annotations

import re
from dataclasses import replace
from unittest.mock import Mock

import pytest

from localstack_embedded import Instance
from tests.unit.tweetpipe.commands.endpoint import OUTPUTS
from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.aws.place import local_place
from tweetpipe.commands import demo, verdict
from tweetpipe.commands import verify as verify_command
from tweetpipe.commands.main import main
from tweetpipe.looking import table, verify
from tweetpipe.looking.verify import Comparison

LINES = ["verify --count 5", "verify --count 5 --json", "demo --count 5 --seed 0"]
ITEMS = tuple(verify.expected_items(0, 5).values())


@pytest.fixture
def _gone(listening: str, silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator that has gone away since the items were counted."""
    place = replace(local_place(embedded_endpoint=listening), endpoint=silent)
    deployed = complete_stack(**OUTPUTS)
    monkeypatch.setattr(verify_command, "open_stack", lambda *_: (place, deployed))
    monkeypatch.setattr(demo, "start_localstack", lambda _: Mock(spec=Instance, endpoint=silent))
    monkeypatch.setattr(demo, "local_place", lambda **_: place)
    monkeypatch.setattr(demo, "deploy_stack", lambda *_, **__: deployed)
    monkeypatch.setattr(demo, "deliver", lambda *_, **__: Mock(interrupted=False))
    monkeypatch.setattr(table, "scan", lambda *_: [])


@pytest.mark.usefixtures("_gone")
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    ("comparison", "code", "said"),
    [
        (Comparison(expected=5), 0, "5 of 5 verified"),
        (Comparison(expected=5, missing=ITEMS[:1]), 3, "Error: 4 of 5 verified"),
    ],
)
def test_a_verdict_is_told_although_the_emulator_is_gone(
    line: str,
    comparison: Comparison,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(verify, "wait_until_stored", lambda *_, **__: comparison)

    with pytest.raises(SystemExit) as ended:
        main(line.split())

    told = capfd.readouterr().err
    assert ended.value.code == code, told
    why = "The state of the stack could not be read: "
    assert 0 <= told.index(said) < told.index(why)


@pytest.mark.usefixtures("_gone")
@pytest.mark.parametrize(
    ("comparison", "commands"),
    [
        (Comparison(expected=5), []),
        (
            Comparison(expected=5, missing=ITEMS[:1]),
            ["dead-letters list --stack mine", "produce fake --count 5 --seed 7 --stack mine"],
        ),
        (
            Comparison(expected=5, different=((ITEMS[0], ITEMS[1]),)),
            ["deploy --stack mine", "produce fake --count 5 --seed 7 --stack mine"],
        ),
        (
            Comparison(expected=5, unexpected=ITEMS[:1]),
            ["verify fake --count 5 --seed 7 --allow-others --stack mine"],
        ),
    ],
)
def test_what_to_do_about_differences_is_told_last(
    comparison: Comparison,
    commands: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(verify, "wait_until_stored", lambda *_, **__: comparison)

    with pytest.raises(SystemExit):
        main(["verify", "--count", "5", "--seed", "7", "--stack", "mine"])

    told = capfd.readouterr().err
    _, _, steps = told.partition("The state of the stack could not be read: ")
    assert (
        re.findall(r"^  tweetpipe (.*)$", steps.partition("\n  tweetpipe up\n")[2], re.M)
        == commands
    )


@pytest.mark.usefixtures("_gone")
def test_a_verdict_has_been_told_when_the_look_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "wait_until_stored", lambda *_, **__: Comparison(expected=5))
    monkeypatch.setattr(verdict, "say_errors", Mock(side_effect=KeyboardInterrupt))

    with pytest.raises(SystemExit) as ended:
        main(["verify", "--count", "5"])

    assert ended.value.code == 130
    assert "5 of 5 verified." in capfd.readouterr().err
