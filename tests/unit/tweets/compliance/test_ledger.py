"""What X says of posts, in its several forms, and what is known from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tweets.compliance import Kept, Ledger, edit_of, learn_from, notice_of


def ledger_of(*said: dict[str, Any]) -> Ledger:
    ledger = Ledger()
    for each in said:
        assert ledger.learn(each)
    return ledger


def v2(**what: Any) -> dict[str, Any]:
    return {"data": what}


DELETES: list[dict[str, Any]] = [
    {"delete": {"status": {"id": 7, "id_str": "7", "user_id": 3}, "timestamp_ms": "1"}},
    {"delete": {"status": {"id": 7}}},
    {"for_user": "1", "message": {"delete": {"status": {"id": 7}}}},
    v2(delete={"tweet": {"id": "7", "author_id": "3"}, "event_at": "2026-11-27T00:00:00.000Z"}),
    v2(tweet_delete={"tweet": {"id": "7"}}),
]


@pytest.mark.parametrize("said", DELETES)
def test_a_delete_is_understood_in_each_form(said: dict[str, Any]) -> None:
    assert ledger_of(said).why_gone("7") == "deleted"


def test_an_undrop_takes_a_drop_back_and_no_delete() -> None:
    drop, undrop = ({name: {"tweet": {"id": "7"}}} for name in ("drop", "undrop"))

    assert ledger_of(v2(**drop)).why_gone("7") == "dropped"
    assert not ledger_of(v2(**drop), v2(**undrop)).why_gone("7")
    assert ledger_of(DELETES[0], v2(**undrop)).why_gone("7") == "deleted"


@pytest.mark.parametrize(
    "said",
    [
        {"status_withheld": {"id": 7, "user_id": 3, "withheld_in_countries": ["DE", "FR"]}},
        v2(withheld={"tweet": {"id": "7"}, "withheld_in_countries": ["DE", "FR"]}),
    ],
)
def test_the_countries_of_a_withheld_post_are_known(said: dict[str, Any]) -> None:
    assert ledger_of(said).countries("7") == ("DE", "FR")
    assert ledger_of(said).countries("8") is None


def test_a_newer_version_is_known_whichever_was_told_first() -> None:
    histories = [["5", "6"], ["6", "7"]]
    posts = [v2(id=ids[-1], text="a", edit_history_tweet_ids=ids) for ids in histories]

    for said in (posts, posts[::-1]):
        ledger = ledger_of(*said)
        assert ledger.newer("5") == {"6", "7"}
        assert ledger.newer("6") == {"7"}
        assert ledger.newer("7") == set()


def test_an_edit_by_itself_says_as_much_as_the_edited_post() -> None:
    post = v2(id="6", text="secret words", edit_history_tweet_ids=["5", "6"])
    kept = edit_of(post)

    assert b"secret" not in kept
    assert ledger_of(json.loads(kept)).newer("5") == {"6"}
    assert edit_of(v2(id="6", text="a", edit_history_tweet_ids=["6"])) == b""


def test_all_posts_of_a_page_are_looked_at_for_edits() -> None:
    page = {"data": [{"id": "1", "edit_history_tweet_ids": ["1"]}, {"id": "9"}]}
    edited = {"data": [{"id": "6", "edit_history_tweet_ids": ["5", "6"]}]}

    assert not Ledger().learn(page)
    assert ledger_of(edited).newer("5") == {"6"}


def test_a_delete_of_one_version_is_one_of_all() -> None:
    ledger = ledger_of(DELETES[0], v2(id="7", edit_history_tweet_ids=["6", "7", "8"]))

    assert [ledger.why_gone(id_) for id_ in "5678"] == ["", "deleted", "deleted", "deleted"]


@pytest.mark.parametrize(
    ("gone", "back"),
    [
        ("user_delete", "user_undelete"),
        ("user_protect", "user_unprotect"),
        ("user_suspend", "user_unsuspend"),
    ],
)
def test_what_is_told_of_an_author_counts_until_the_opposite_is(gone: str, back: str) -> None:
    for v1_or_v2 in ({gone: {"id": 3}}, v2(**{gone: {"user": {"id": "3"}}})):
        ledger = ledger_of(v1_or_v2)
        assert ledger.why_author_is_gone("3")
        ledger.learn({back: {"id": 3}})
        assert not ledger.why_author_is_gone("3")


@pytest.mark.parametrize(
    "content",
    [
        {"data": {"id": "7", "text": "a", "withheld": {"country_codes": ["DE"]}}},
        {"id": "7", "text": "a", "withheld": {"country_codes": ["DE"]}},
        {"id_str": "7", "user": {"id": 3}, "delete": {}},
        {"data": {"id": "7"}},
        {"limit": {"track": 3}},
        {"data": {}},
        {"delete": 1},
    ],
)
def test_a_post_and_anything_else_is_no_notice(content: dict[str, Any]) -> None:
    assert notice_of(content) is None
    assert not Ledger().learn(content)


@pytest.mark.parametrize("content", [None, [], "text", 7])
def test_what_is_no_object_says_nothing(content: object) -> None:
    assert not Ledger().learn(content)


def test_results_of_the_job_say_what_to_do() -> None:
    ledger = Ledger()
    for line in (
        {"id": "1", "action": "delete", "reason": "protected", "redacted_at": None},
        {"id": "2", "action": "rehydrate", "reason": "tweet_edited"},
        {"id": "3", "action": "scrub_geo", "reason": "geo_scrubbed"},
        {"id": "4", "action": "delete", "reason": "scrub_geo"},  # as it was before 2026
        {"id": "not a number", "error": "invalid_id"},
    ):
        assert ledger.learn_result(line)
    assert not ledger.learn_result({"id": "5"})
    assert not ledger.learn_result({"id": "6", "action": "age_gate"})
    assert ledger.unknown == {"none": 1, "age_gate": 1}

    assert [ledger.why_gone(id_) for id_ in "12345"] == ["protected", "", "", "", ""]
    assert [ledger.is_stale(id_) for id_ in "123"] == [False, True, False]
    assert [ledger.has_lost_place(id_, "") for id_ in "12345"] == [False, False, True, True, False]
    assert ledger.refused == 1


def test_a_recorded_stream_is_read_in_whatever_form_it_is(tmp_path: Path) -> None:
    lines = tmp_path / "stream.ndjson"
    lines.write_text(
        "\n".join(map(json.dumps, [{"id_str": "1", "text": "a"}, DELETES[0]])) + '\n{"half a li'
    )
    document = tmp_path / "stream.json"
    document.write_text(json.dumps([v2(id="6", edit_history_tweet_ids=["5", "6"])], indent=1))
    ledger = Ledger()

    learn_from(lines, ledger)
    learn_from(document, ledger)

    assert ledger.why_gone("7") == "deleted"
    assert ledger.newer("5") == {"6"}


def revised(post: dict[str, Any], *said: dict[str, Any]) -> Any:
    left = Kept(ledger_of(*said)).revised(json.dumps(post).encode())
    return None if left is None else json.loads(left)


V1: dict[str, Any] = {
    "id_str": "7",
    "text": "a",
    "user": {"id_str": "3"},
    "place": {"name": "x"},
    "geo": None,
}


@pytest.mark.parametrize(
    "said",
    [
        DELETES[0],
        {"user_protect": {"id": 3}},
        v2(id="8", edit_history_tweet_ids=["7", "8"]),
    ],
)
def test_a_record_of_what_is_gone_may_not_be_kept(said: dict[str, Any]) -> None:
    assert revised(V1, said) is None
    assert revised({"data": {"id": "7", "author_id": "3"}}, said) is None


def test_other_records_keep_their_bytes() -> None:
    data = b'{"id_str":  "8", "text": "\xc3\xa9"}'
    assert Kept(ledger_of(DELETES[0])).revised(data) is data


def test_half_a_post_may_not_be_kept_either() -> None:
    kept = Kept(ledger_of(DELETES[0]))

    assert kept.revised(b'{"data":{"id":"7","text":"ha') is None
    assert kept.revised(b'{"data":{"id":"77","text":"ha') is not None


def test_a_place_is_removed_and_all_else_stays() -> None:
    scrub = {"scrub_geo": {"user_id": 3, "up_to_status_id": 7}}

    assert revised(V1, scrub) == {"id_str": "7", "text": "a", "user": {"id_str": "3"}}
    assert revised({**V1, "id_str": "8"}, scrub) == {**V1, "id_str": "8"}


def test_a_retweet_goes_with_its_original_and_a_quote_stays_without_it() -> None:
    original = {"id": "7", "author_id": "3", "text": "a"}
    page = {"tweets": [original, {"id": "6"}]}

    def of(kind: str) -> dict[str, Any]:
        post = {"id": "9", "text": "b", "referenced_tweets": [{"type": kind, "id": "7"}]}
        return {"data": post, "includes": page}

    assert revised(of("retweeted"), DELETES[0]) is None
    assert revised(of("quoted"), DELETES[0])["includes"] == {"tweets": [{"id": "6"}]}
    assert revised({"id_str": "9", "retweeted_status": {"id_str": "7"}}, DELETES[0]) is None
    v1_quote = {"id_str": "9", "quoted_status": {"id_str": "7"}}
    assert revised(v1_quote, DELETES[0]) == {"id_str": "9"}


def test_the_ids_of_a_record_are_those_of_all_posts_in_it() -> None:
    kept = Kept(Ledger())

    assert kept.ids_in(b'{"data": {"id": "7"}, "includes": {"tweets": [{"id": "8"}]}}') == {
        "7",
        "8",
    }
    assert kept.ids_in(b'{"id": 7, "quoted_status": {"id_str": "8"}}') == {"7", "8"}
    assert kept.ids_in(b'{"data":{"id":"7","author_id":"') == {"7"}
    assert kept.ids_in(b"[]") == set()
