from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tweets.fakes.x_api.rule_syntax import All, Any, RuleError, Term, parse

CAT, DOG, BIRD = (Term("keyword", word) for word in ("cat", "dog", "bird"))


@pytest.mark.parametrize(
    ("rule", "tree"),
    [
        ("cat", CAT),
        ("cat dog", All((CAT, DOG))),
        ("cat OR dog bird", Any((CAT, All((DOG, BIRD))))),
        ("cat dog OR bird", Any((All((CAT, DOG)), BIRD))),
        ("(cat OR dog) bird", All((Any((CAT, DOG)), BIRD))),
        ("(cat)(dog)", All((CAT, DOG))),
        ("  cat  ", CAT),
        ("cat -dog", All((CAT, Term("keyword", "dog", negated=True)))),
        ('"cat dog"', Term("phrase", "cat dog")),
        ('cat -"a (b) OR c"', All((CAT, Term("phrase", "a (b) OR c", negated=True)))),
        ("#Cat", Term("#", "cat")),
        ("@XDevelopers", Term("@", "xdevelopers")),
        ("from:XDevelopers", Term("from", "xdevelopers")),
        ('from:"XDevelopers"', Term("from", "xdevelopers")),
        ("to:@x", Term("to", "x")),
        ("cat lang:EN", All((CAT, Term("lang", "en")))),
        ("cat lang:zh-CN", All((CAT, Term("lang", "zh")))),
        ("cat -is:nullcast", All((CAT, Term("is", "nullcast", negated=True)))),
        (
            "cat (has:links OR is:reply)",
            All((CAT, Any((Term("has", "links"), Term("is", "reply"))))),
        ),
        ("cat sample:10", All((CAT, Term("sample", "10")))),
        ("고양이", Term("keyword", "고양이")),
        ("😂", Term("keyword", "😂")),
        ("coca-cola", Term("keyword", "coca-cola")),
    ],
)
def test_a_rule_is_read(rule: str, tree: All | Any | Term) -> None:
    assert parse(rule) == tree


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a" * 1025, "1024"),
        ("lang:en", "alone"),
        ("has:links OR is:retweet", "alone"),
        ("-cat", "alone"),
        ("cat OR -dog", "alone"),
        ("cat OR lang:en", "alone"),
        ("-cat -dog", "alone"),
        ("cat -(dog OR bird)", "group"),
        ("cat - dog", "dash"),
        ('"cat', "position 1"),
        ('cat "dog', "position 5"),
        ("(cat", "position 1"),
        ("cat)", "position 4"),
        ("()", "position 2"),
        ("cat OR", "the end"),
        ("OR cat", "position 1"),
        ("cat OR OR dog", "position 8"),
        ("cat AND dog", "AND"),
        ("cat or dog", "or"),
        ("colour:red", "colour:"),
        ("https://x.com/", "https:"),
        ("url:x.com", "url:"),
        ("from:", "user"),
        ("from:a-b", "user"),
        ("cat is:funny", "retweet"),
        ("cat has:fun", "links"),
        ("cat is:nullcast", "-is:nullcast"),
        ("cat lang:xx", "xx"),
        ("cat sample:101", "100"),
        ("cat -sample:10", "sample"),
        ("#", "hashtag"),
        ("@", "user"),
        ("$cash", "$cash"),
        ("!!", "!!"),
        ("--cat", "search"),
        ('"cat dog"~3', "proximity"),
        ('"cat"dog', "space"),
        ('dog"cat"', "space"),
        ("(" * 41 + "cat" + ")" * 41, "40"),
    ],
)
def test_a_bad_rule_is_refused_with_the_reason(rule: str, named: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parse(rule)
    assert named in str(refusal.value)


def test_a_rule_may_have_1024_characters() -> None:
    assert parse("a" * 1024) == Term("keyword", "a" * 1024)


pieces = st.sampled_from(
    [
        "cat",
        "-",
        '"',
        "(",
        ")",
        " ",
        "OR",
        "#",
        "@",
        "from:",
        "is:retweet",
        ":",
        "~",
        "\\",
        "é",
        "😂",
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(pieces, max_size=30).map("".join)))
@example("(" * 1024)
@example("-" * 1024)
def test_whatever_the_text_nothing_but_a_rule_error_comes_of_it(text: str) -> None:
    with contextlib.suppress(RuleError):
        parse(text)
