"""Every command in the documents exists, with its options and parameters."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.documented import (
    DATA,
    DOCUMENTS,
    NOT_RUN,
    PROJECT,
    Block,
    blocks,
    check,
    commands,
    commands_in_the_text,
)

# What a checkout gets only when it is used.
MADE = (
    *(".localstack/", ".venv", "build/", "dist/", "kept/", "requirements/images.txt"),
    *("sensors/", "volume/"),
)

BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
IN_THE_TEXT = sorted(
    {command for document in DOCUMENTS for command in commands_in_the_text(document)}
)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_holds_what_can_be_typed(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    match block.language:
        case "":
            for command in commands(block.code):
                if command.words:
                    check(command.words)
                if ">" in command.words:
                    (tmp_path / command.words[-1]).touch()
        case "python":
            compile(block.code, str(block), "exec")
        case language:
            assert language in DATA, f"{block} is of a language that no test knows"


@pytest.mark.parametrize("command", IN_THE_TEXT)
def test_a_command_in_the_text_can_be_typed(command: str) -> None:
    for each in commands(command):
        check(each.words)


def test_each_reason_not_to_run_a_command_is_needed() -> None:
    typed = [
        str(command) for block in BLOCKS if block.language == "" for command in commands(block.code)
    ]
    for pattern, reason in NOT_RUN.items():
        assert any(re.fullmatch(pattern, command) for command in typed), pattern
        for test in re.findall(r"test_\w+\.py", reason):
            folders = (PROJECT / "tests", PROJECT / "localstack_embedded" / "tests")
            assert any(found for folder in folders for found in folder.rglob(test)), reason


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_link_to_a_file_of_the_project_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", text):
        file = document.parent / target if target else document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [
                re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings
            ]
            assert anchor in anchors, f"{target}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_file_that_is_named_is_there(document: Path) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+\.\w+)?)`", document.read_text(encoding="utf-8"))
    for name in named:
        found = (PROJECT / name, document.parent / name)
        assert name.startswith(MADE) or any(path.exists() for path in found), name


def test_each_quota_of_aws_has_its_source() -> None:
    text = (PROJECT / "docs" / "aws.md").read_text(encoding="utf-8")
    table = text.partition("## Quotas")[2].partition("\n\nTo see")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]

    assert len(rows) > 10
    assert [
        name for name, figure, *_ in rows if "](https://docs.aws.amazon.com/" not in figure
    ] == []


def test_the_readme_is_short_and_shows_in_each_section_what_it_says() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200

    start, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    assert re.search(r"^!\[.+\]\(", start, re.MULTILINE), "the flow is shown at the start"
    for section in sections:
        assert "\n```\n" in section or "\n![" in section, (
            f"{section.splitlines()[0]!r} has no example"
        )


def test_both_readmes_tell_to_type_the_same() -> None:
    english, korean = (
        [block.code for block in blocks(PROJECT / name) if block.language == ""]
        for name in ("README.md", "README.ko.md")
    )
    assert english == korean


def test_both_readmes_have_the_same_sections_figures_and_links() -> None:
    english, korean = (
        (PROJECT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md")
    )

    def shape(text: str) -> list[str]:
        """The kinds of its lines, in order: headings, lists, tables, pictures."""
        return re.findall(r"^(?:#+ |- |\||!\[)", re.sub(r"```.*?```", "", text, flags=re.S), re.M)

    def links(text: str) -> set[str]:
        own = {"README.md", "README.ko.md", "docs/essentials.ko.md"}
        return set(re.findall(r"\]\(([^)]+)\)", text)) - own

    def figures(text: str) -> Counter[str]:
        return Counter(re.findall(r"\d[\d,.]*\d|\d", re.sub(r"\]\([^)]*\)", "", text)))

    assert shape(english) == shape(korean)
    assert links(english) == links(korean)
    assert figures(english) - figures(korean) == Counter(), "Korean has more: one is 1 there"


@pytest.mark.parametrize(
    "wrong",
    [
        "tweetpipe watsh",
        "tweetpipe watch --forever",
        "tweetpipe deploy -p NoParameter=1",
        "make nothing",
        "make test NOVARIABLE=1",
        "docker compose up nobody",
        "docker compose run --rm producer produce --nothing",
        "aws dynamodb scam",
        "aws dynamodb scan --nothing",
        "aws cloudformation create-change-set --template-body file://infra/none.yaml",
        "python -m nothing",
        "python docs/nothing.py",
        "rm -rf /",
    ],
)
def test_a_command_that_does_not_exist_is_found(wrong: str) -> None:
    (command,) = commands(wrong)
    with pytest.raises(BaseException):  # noqa: B017, PT011  each part of it says no in its own way
        check(command.words)
