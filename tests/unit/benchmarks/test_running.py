"""Samples of several rounds become a table's results."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import running
from benchmarks.measuring import Sample, Table, Way, metered
from benchmarks.running import BenchmarkFailed, Measured, Result, measure


def sample(rate: float, **figures: float) -> Sample:
    return Sample(units=rate, wall=1.0, cpu=0.5, peak_mb=10.0, figures=figures)


def never() -> Sample:
    raise AssertionError("ways are measured in processes of their own")


TABLE = Table(
    title="Work",
    unit="piece",
    baseline="theirs",
    ways=(
        Way(name="theirs", measure=never),
        Way(name="ours", measure=never),
        Way(name="long", measure=never, rounds=1),
    ),
)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Each way's samples, round by round; gives the order in which they were asked for."""
    taken = {
        0: iter([sample(100.0), sample(200.0), sample(400.0)]),
        1: iter([sample(1000.0, p50=3.0), sample(1000.0, p50=1.0), sample(1200.0, p50=2.0)]),
        2: iter([sample(50.0)]),
    }
    order: list[int] = []

    def take(python: Path, area: str, table: int, way: int) -> Sample:
        order.append(way)
        return next(taken[way])

    monkeypatch.setattr(running, "_sample", take)
    return order


def measured() -> Measured:
    return measure("any", 0, TABLE, rounds=3, on_step=lambda _: None)


def test_ratios_are_taken_within_a_round(rounds: list[int]) -> None:
    theirs, ours, long = measured().results

    assert (theirs.rate, theirs.ratio, theirs.lowest, theirs.highest) == (200.0, 1.0, 1.0, 1.0)
    assert (ours.ratio, ours.lowest, ours.highest) == (5.0, 3.0, 10.0)
    assert (long.ratio, long.rounds) == (0.5, 1)


def test_figures_and_cpu_are_medians(rounds: list[int]) -> None:
    ours = measured().results[1]

    assert ours.figures == {"p50": 2.0}
    assert ours.cpu == pytest.approx(500.0)
    assert ours.cpu_ratio == pytest.approx(5.0)


def test_rounds_are_interleaved_and_begin_with_another_way_each(rounds: list[int]) -> None:
    measured()

    assert rounds == [0, 1, 2, 1, 0, 0, 1]


def result(lowest: float, highest: float) -> Result:
    return Result(
        way="ours",
        rounds=3,
        rate=1.0,
        cpu=1.0,
        peak_mb=1.0,
        ratio=(lowest + highest) / 2,
        lowest=lowest,
        highest=highest,
        cpu_ratio=1.0,
    )


@pytest.mark.parametrize(
    ("now", "then", "agree"),
    [
        ((10, 12), (11, 13), True),
        ((10, 11), (12, 13), True),  # within the noise
        ((10, 11), (14, 15), False),
        ((14, 15), (10, 11), False),
    ],
)
def test_two_runs_agree_when_their_spreads_meet(
    now: tuple[float, float], then: tuple[float, float], agree: bool
) -> None:
    assert result(*now).agrees_with(result(*then)) is agree


def test_a_run_far_from_an_earlier_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    table = Measured(
        title="Work", unit="piece", baseline="theirs", note="", results=(result(10, 11),)
    )

    assert command._compare([table], {("Work", "ours"): result(10, 11)}) == 0
    assert command._compare([table], {("Work", "ours"): result(20, 21)}) == 3
    assert "10.5 times, but 20.5 times in the earlier run" in capsys.readouterr().out


def test_what_is_written_can_be_compared_with(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    one = {"title": "Work", "results": [{**_fields(result(1, 2))}]}
    file.write_text(json.dumps({"tables": [one]}))

    assert command._read(file) == {("Work", "ours"): result(1, 2)}


def _fields(one: Result) -> dict[str, object]:
    return {name: getattr(one, name) for name in Result.__dataclass_fields__}


def test_a_measurement_that_fails_says_why() -> None:
    with pytest.raises(BenchmarkFailed, match="no_such_area"):
        running._sample(Path(sys.executable), "no_such_area", 0, 0)


@pytest.mark.parametrize("area", command.AREAS)
def test_each_table_has_its_baseline_among_ways_of_different_names(area: str) -> None:
    for table in command.tables_of(area):
        names = [way.name for way in table.ways]
        assert table.baseline in names
        assert len(names) == len(set(names))


def test_a_block_is_measured_with_what_it_costs() -> None:
    with metered() as meter:
        sum(range(100_000))

    taken = meter.sample(units=2.0, figures={"p50": 1.0})
    assert taken.units == 2.0
    assert taken.cpu > 0
    assert taken.wall > 0
    assert taken.peak_mb > 1
    assert taken.figures == {"p50": 1.0}
