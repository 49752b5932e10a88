from __future__ import annotations

from tweets.x.gaps import SEVERAL, Gap, told, with_gap

NOW = 1_800_000_000.0


def gap(since: float, until: float, why: str = "why", *, searched: bool = False) -> Gap:
    return Gap(since=NOW + since, until=NOW + until, rules=("yolo",), why=why, searched=searched)


def test_a_gap_says_from_when_to_when_and_why() -> None:
    assert str(gap(3, 64)) == "from 2027-01-15 08:00:03 to 2027-01-15 08:01:04 UTC: why"


def test_a_gap_that_goes_on_is_one_and_others_stay_apart() -> None:
    gaps = with_gap((), gap(0, 10))
    gaps = with_gap(gaps, gap(5, 20))
    gaps = with_gap(gaps, gap(-5, 0))
    assert gaps == (gap(-5, 20),)
    for other in (gap(30, 40), gap(35, 50, "other"), gap(45, 60, "other", searched=True)):
        before = gaps
        gaps = with_gap(gaps, other)
        assert gaps == (*before, other)


def test_of_very_many_gaps_the_oldest_are_put_together_and_none_is_forgotten() -> None:
    gaps: tuple[Gap, ...] = ()
    for number in range(1200):
        gaps = with_gap(gaps, gap(10 * number, 10 * number + 5))
    assert len(gaps) == 1000
    assert (gaps[0].since, gaps[0].until, gaps[0].why) == (NOW, NOW + 2005, SEVERAL)
    assert gaps[1:] == tuple(gap(10 * number, 10 * number + 5) for number in range(201, 1200))


def test_what_is_missing_is_told_in_a_few_lines() -> None:
    assert told([]) == []
    many = [gap(10 * number, 10 * number + 5) for number in range(7)]
    lines = told([*many, gap(0, 60, searched=True)], to_be_searched=90)
    assert lines[0] == "Posts may be missing in 7 gaps of 35 s in all:"
    assert lines[1:6] == [f"  {each}" for each in many[2:]]
    assert lines[6] == "  and 2 earlier ones"
    assert lines[7].startswith("Searched for posts that the stream missed in 1 gap of 60 s in all.")
    assert lines[8:] == ["90 s are still to be searched. To continue, run the same command again"]
