from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.sensors import written
from tests.unit.tweetpipe.plan.price_list import price_list, text
from tweetpipe.commands import terminal
from tweetpipe.commands.main import main
from tweetpipe.plan.prices import SERVICES

REFRESH = f"{sys.executable} -m tweetpipe.plan.refresh"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ending:
        main(["plan", *arguments])
    code = ending.value.code
    assert isinstance(code, int | None)
    return code or 0


@pytest.fixture
def _few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as make a curve; each takes a walk through a shard."""
    monkeypatch.setattr("tweetpipe.plan.plot._STEPS", 20)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    for console in (terminal.out, terminal.err):
        monkeypatch.setattr(console, "_width", 200)


def test_people_get_capacity_cost_limits_and_assumptions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--rate", "5000", "--event-bytes", "2500") == 0

    shown = capsys.readouterr().out
    for words in ("provisioned", "on-demand", "advantage", "16 (the peak fills", "shard-hours"):
        assert words in shown
    assert "Each run of `tweetpipe comply` reads the table twice and costs" in shown
    for words in (
        "GB in, unused of 25 MiB/s",
        "Limits",
        "Assumptions",
        "from third parties that quote",
    ):
        assert words in shown


def test_only_what_rests_on_no_assumption_is_told_to_the_cent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--rate", "5000", "--tweet-bytes", "2000") == 0

    shown = capsys.readouterr().out
    exact = {line.split("│")[2].strip() for line in shown.splitlines() if _to_the_cent(line)}
    assert exact == {"shard-hours", "stream-hours", "custom metrics"}
    [month] = [line for line in shown.splitlines() if line.startswith("│ Month")]
    assert month.count(" to ") + month.count("about") == 3


def _to_the_cent(line: str) -> bool:
    """Whether the line of a bill has dollars and cents that are at least ten."""
    cells = [cell.strip() for cell in line.split("│")[4:]]
    return any(re.fullmatch(r"[\d,]+\.\d\d", cell) for cell in cells)


def test_programs_get_json_with_every_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--rate", "5000", "--json") == 0

    shown = json.loads(capsys.readouterr().out)
    assert [plan["mode"] for plan in shown["plans"]] == ["provisioned", "on-demand", "advantage"]
    assert shown["plans"][0]["costs"]["total"] == pytest.approx(
        sum(line["cost"] for line in shown["plans"][0]["costs"]["lines"])
    )
    bounds = [bound["costs"]["total"] for bound in shown["plans"][0]["bounds"]]
    assert bounds[0] < shown["plans"][0]["costs"]["total"] < bounds[1]
    crossings = {
        (each["mode"], each["costs_no_more_than"]): each["from_rate"]
        for each in shown["crossing_rates"]
    }
    assert crossings["on-demand", "provisioned"] is crossings["advantage", "provisioned"] is None
    assert 3000 < crossings["advantage", "on-demand"] < 4000
    assert shown["prices"]["kinesis_shard_hour"]["source"].startswith("https://")
    assert shown["prices"]["kinesis_shard_hour"]["tiers"] == [
        {"begin": 0, "end": None, "dollars": 0.015}
    ]


def test_events_of_ones_own_are_planned_with_the_sizes_of_their_fakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(written(tmp_path / "sensors"))
    one = ("--mode", "provisioned")
    assert run("--rate", "2000", *one, "--json", "--events", folder) == 0
    load = json.loads(capsys.readouterr().out)["load"]
    assert run("--rate", "2000", *one, "--events", folder) == 0
    shown = capsys.readouterr().out
    assert run("--rate", "2000", *one, "--json", "--events", folder, "--event-bytes", "900") == 0
    told = json.loads(capsys.readouterr().out)["load"]

    # {"sensor": "a12", "ts": 1764150000, "temp": 19.87} is 51 bytes, and its item 24.
    assert 48 <= load["event_bytes"] <= 52
    assert 22 <= load["item_bytes"] <= 26
    assert f"2,000 readings/s of {load['event_bytes']} bytes" in shown
    assert "tweet" not in shown.replace("tweetpipe", "")
    assert told["event_bytes"] == 900


def test_a_plan_on_demand_tells_what_the_stream_gains_by_ignoring_keys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--rate", "5000", "--mode", "on-demand", "--hottest-author", "0.3") == 0
    with_keys = capsys.readouterr().out
    assert run("--rate", "5000", "--mode", "provisioned") == 0
    provisioned = capsys.readouterr().out
    assert run("--rate", "5000", "--mode", "on-demand", "--aggregate", "10") == 0
    aggregated = capsys.readouterr().out

    assert "With RecordDistribution=AUTO, available only on an on-demand stream" in with_keys
    assert "With RecordDistribution=AUTO" not in provisioned + aggregated


def test_a_stream_that_ignores_keys_can_be_planned(capsys: pytest.CaptureFixture[str]) -> None:
    even = ("--rate", "5000", "--hottest-author", "0.3", "--record-distribution", "AUTO")
    assert run(*even, "--mode", "on-demand") == 0
    shown = capsys.readouterr().out
    refused = [run(*even, *more) for more in (("--aggregate", "5"), ("--mode", "provisioned"))]

    assert "one partition key" not in shown
    assert "With produce --aggregate" not in shown
    assert refused == [2, 2]
    assert capsys.readouterr().err.count("leave out --aggregate and --mode provisioned") == 2


def test_prices_are_read_from_files_of_aws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for service in SERVICES:
        (tmp_path / f"{service}.json").write_text(text(price_list(service, "us-west-2", "2")))
    given = [word for file in tmp_path.iterdir() for word in ("--prices", str(file))]
    assert run("--rate", "1", "--region", "us-west-2", "--mode", "provisioned", *given) == 0

    shown = capsys.readouterr().out
    assert "1,460.00" in shown
    assert "Prices of us-west-2 as of 2026-11-20, from AWS's price list." in shown


@pytest.mark.parametrize(
    ("content", "says"), [('{"products": {', "is incomplete"), ("{}", "not in AWS's price list")]
)
def test_a_file_that_is_no_price_list_leads_to_the_command_that_fetches_one(
    content: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prices.json"
    file.write_text(content)
    assert run("--rate", "1", "--prices", str(file)) == 2

    error = capsys.readouterr().err
    assert says in error
    assert error.endswith(f":\n  {REFRESH} --region us-east-1 prices.json\n")


def test_one_mode_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--rate", "5", "--mode", "on-demand", "--json") == 0

    assert len(json.loads(capsys.readouterr().out)["plans"]) == 1


def test_an_unknown_region_is_told_with_the_known_ones_and_the_command_that_fetches_prices(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--rate", "5", "--region", "eu-nowhere-1") == 2

    error = capsys.readouterr().err
    assert "only for us-east-1" in error
    assert error.endswith(f":\n  {REFRESH} --region eu-nowhere-1 prices.json\n")


def test_a_plot_without_matplotlib_names_the_extra_that_has_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib", "matplotlib.axes"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "tweetpipe.plan.plot", raising=False)

    assert run("--rate", "5", "--plot", "plan.png") == 2

    error = capsys.readouterr().err
    assert error.endswith(":\n  pip install 'tweetpipe[plot]'\n")


@pytest.mark.heavy
@pytest.mark.usefixtures("_few_points")
@pytest.mark.parametrize("more", [[], ["--peak-factor", "30", "--rate", "0.5"]])
def test_a_plot_is_a_png_of_the_costs(tmp_path: Path, more: list[str]) -> None:
    file = tmp_path / "plan.png"

    assert run("--rate", "5000", "--plot", str(file), "--json", *more) == 0

    with Image.open(file) as picture:
        assert (picture.format, picture.size) == ("PNG", (1280, 800))
        assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 50


@pytest.mark.heavy
@pytest.mark.usefixtures("_few_points")
def test_a_plot_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--rate", "5", "--plot", str(tmp_path / "none" / "plan.png")) == 1

    assert capsys.readouterr().err.count("\n") == 1


def test_people_are_told_what_aggregation_would_save(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--rate", "5000", "--tweet-bytes", "2000") == 0
    without = capsys.readouterr().out
    assert (
        "With produce --aggregate, which packs 11 tweets into a record: provisioned 13 shards"
        in without
    )
    assert "on-demand about $690 less a month; advantage no saving" in without

    assert run("--rate", "5000", "--event-bytes", "2000", "--aggregate", "11") == 0
    aggregated = capsys.readouterr().out
    assert "With produce --aggregate" not in aggregated
    assert "11 tweets share a record (produce --aggregate)" in aggregated
