from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import SettingsError
from tweets.x import Wanted, read_rules
from tweets.x.rules_file import LONGEST_RULE, MOST_RULES

FILE = """\
# what we follow
cats: (cat OR kitten) lang:en

aws:   #aws -is:retweet
고양이: 고양이 lang:ko
#
## and one without a tag
  from:nasa "liftoff: now"
"""
RULES = [
    Wanted("(cat OR kitten) lang:en", "cats"),
    Wanted("#aws -is:retweet", "aws"),
    Wanted("고양이 lang:ko", "고양이"),
    Wanted('from:nasa "liftoff: now"'),
]


def read(tmp_path: Path, content: str | bytes, *, access: str = "pay-per-use") -> list[Wanted]:
    path = tmp_path / "rules.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_rules(path, access=access)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_rule_a_line_with_its_tag_whatever_wrote_the_file(
    mark: bytes, end: str, tmp_path: Path
) -> None:
    rules = read(tmp_path, mark + FILE.replace("\n", end).encode())

    assert rules == RULES
    assert [rule.line for rule in rules] == [2, 4, 5, 8]


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    assert read(tmp_path, "cats: cat") == [Wanted("cat", "cats")]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "#aws lang:en",
            "could be a hashtag or a comment. For a rule, write 'aws: #aws lang:en'",
        ),
        ("#cats: cat", "could be a hashtag or a comment"),
        ("cats:", "no rule follows the tag cats:"),
        ("from: nasa", "from: is an operator of X"),
        ("cats: ca\x00t", "invisible character"),
        ("cats: " + "x" * 1025, "1,025 characters, and X allows 1,024"),
        ("dogs:  yolo ", "the same rule as in line 1"),
        (b"cats: \xff", "not UTF-8"),
    ],
)
def test_a_line_that_is_wrong_is_named(line: str | bytes, says: str, tmp_path: Path) -> None:
    bad = line.encode() if isinstance(line, str) else line
    with pytest.raises(SettingsError) as error:
        read(tmp_path, b"yolo: yolo\n\n" + bad + b"\ngood: good\n")

    assert f"{tmp_path / 'rules.txt'}, line 3: " in str(error.value)
    assert says in str(error.value)


def test_all_wrong_lines_are_named_at_once_unless_they_are_many(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, "cats:\ndogs: dog\n#fish\n")
    assert [line.split(": ")[0][-1] for line in str(error.value).split("\n")] == ["1", "3"]

    with pytest.raises(SettingsError) as error:
        read(tmp_path, "cats:\n" * 8)
    assert str(error.value).split("\n")[-1] == "and 3 more"


def test_the_first_rule_beyond_xs_cap_is_named(tmp_path: Path) -> None:
    rules = "".join(f"t{n}: word{n}\n" for n in range(1001))

    assert len(read(tmp_path, rules.rpartition("t1000")[0])) == 1000
    with pytest.raises(SettingsError, match=r"line 1001: .* 1,000 .* 1,001.*X_ACCESS=enterprise"):
        read(tmp_path, rules)


def test_an_enterprise_contract_takes_more_and_longer_rules(tmp_path: Path) -> None:
    longer = "x" * 2048

    assert read(tmp_path, longer, access="enterprise") == [Wanted(longer)]
    with pytest.raises(SettingsError, match="2,049 characters"):
        read(tmp_path, longer + "x", access="enterprise")
    assert MOST_RULES.keys() == LONGEST_RULE.keys()


@pytest.mark.parametrize("content", ["", "# nothing\n\n", "\ufeff"])
def test_a_file_without_rules_is_refused(content: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="has no rules"):
        read(tmp_path, content)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.txt: No such file"):
        read_rules(tmp_path / "nowhere.txt")
    with pytest.raises(SettingsError, match="Is a directory"):
        read_rules(tmp_path)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_file_holds_it_is_read_or_refused(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            rules = read_rules(Path(file.name))
        except SettingsError:
            return
    assert rules
    assert all(rule.value.strip() == rule.value != "" for rule in rules)
