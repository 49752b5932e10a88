"""What recent search takes of the stream's rules."""

from __future__ import annotations

import itertools

import pytest

from tweets.x.search import LONGEST, leaves_out_quotes, query_of, together, why_not


@pytest.mark.parametrize(
    ("rule", "operator"),
    [
        ("yolo sample:10", "sample:"),
        ("bio:developer", "bio:"),
        ('(cats OR bio_name:"a b")', "bio_name:"),
        ("-bio_location:nyc cats", "bio_location:"),
        ('embedding:"climate change"', "embedding:"),
        ("url_title:snow", "url_title:"),
        ("cats followers_count:1000..10000", "followers_count:"),
        ('"social media"~5', "near each other"),
    ],
)
def test_a_rule_with_what_only_the_stream_knows_can_t_be_searched(rule: str, operator: str) -> None:
    assert operator in why_not(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "yolo",
        '"sample:10 of all"',
        "my_bio:x",
        "#bio from:me lang:en",
        'url:"https://x.com"',
        '"~5"',
    ],
)
def test_other_rules_can_be(rule: str) -> None:
    assert why_not(rule) == ""


@pytest.mark.parametrize(
    ("rule", "leaves_out"),
    [
        ("yolo -is:quote", True),
        ("yolo", False),
        ("yolo is:quote", False),
        ("(yolo -is:quote) OR cats", False),
        ('yolo "-is:quote"', False),
    ],
)
def test_it_is_known_which_rules_leave_out_quotes(rule: str, leaves_out: bool) -> None:
    assert leaves_out_quotes(rule) is leaves_out


def test_rules_share_a_query_as_far_as_they_fit() -> None:
    rules = [f"{'r' * length} {length}" for length in range(20, 120, 7)]

    groups = list(together(rules))

    assert [rule for group in groups for rule in group] == rules
    assert all(len(query_of(group)) <= LONGEST for group in groups)
    for group, following in itertools.pairwise(groups):
        assert len(query_of([*group, following[0]])) > LONGEST


def test_a_rule_that_is_too_long_stands_alone() -> None:
    assert list(together(["a", "b" * 600, "c"])) == [("a",), ("b" * 600,), ("c",)]
    assert list(together([])) == []


def test_one_rule_is_a_query_as_it_is_and_several_are_alternatives() -> None:
    assert query_of(["cats OR dogs"]) == "cats OR dogs"
    assert query_of(["cats OR dogs", "fish"]) == "(cats OR dogs) OR (fish)"
