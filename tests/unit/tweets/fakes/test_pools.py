from __future__ import annotations

from collections import Counter

from tweets.fakes.corpus import LANGUAGES
from tweets.fakes.pools import AUTHORS, POPULARITY_SLOTS, pools


def test_no_two_authors_share_an_id_or_a_screen_name() -> None:
    authors = pools().authors
    assert len({author.id for author in authors}) == AUTHORS
    assert len({author.screen_name for author in authors}) == AUTHORS


def test_screen_names_are_what_x_allows() -> None:
    for author in pools().authors:
        assert author.screen_name.isascii()
        assert author.screen_name.replace("_", "a").isalnum()
        assert len(author.screen_name) <= 15


def test_a_display_name_is_blank_or_has_no_space_around_it() -> None:
    names = [author.name for author in pools().authors]
    assert all(not name.strip() or name == name.strip() for name in names)
    assert sum(not name.strip() for name in names) >= 3


def test_every_author_has_slots_by_rank() -> None:
    slots = Counter(author.id for author in pools().by_popularity)
    by_rank = [slots[author.id] for author in pools().authors]
    assert sum(by_rank) == POPULARITY_SLOTS
    assert by_rank[0] > by_rank[9] > by_rank[99] > by_rank[-1] > 0


def test_every_language_has_authors_and_phrases() -> None:
    assert sum(language.share for language in LANGUAGES) == 100
    codes = {language.code for language in LANGUAGES}
    assert {author.lang for author in pools().authors} == codes == set(pools().voices)


def test_no_phrase_looks_like_an_entity() -> None:
    for voice in pools().voices.values():
        for phrase in voice.openings + voice.closings:
            assert not {"#", "@"} & set(phrase)
            assert "https://t.co/" not in phrase
