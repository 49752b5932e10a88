from __future__ import annotations

from pathlib import Path

import pytest

from producer import SettingsError, SourceError, listed

UNDELIVERED = Path("undelivered.ndjson")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "2018/10/11/00/00.json",
        "2018/10/10/20/19.json",
        "2018/10/10/20/20.json",
        "2018/10/10/20/19.json.position",
        "2018/10/10/20/19.json.position.77.new",
        "2018/.hidden/x.json",
        "2018/.x.json",
        "more.json",
        "undelivered.ndjson",
        "undelivered.1.ndjson",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


YEAR = ["2018/10/10/20/19.json", "2018/10/10/20/20.json", "2018/10/11/00/00.json"]


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["2018"], YEAR),
        (["2018/"], YEAR),
        (["."], [*YEAR, "more.json"]),
        (["*"], [*YEAR, "more.json"]),
        (["**/*.json"], [*YEAR, "more.json"]),
        (["2018/10/**"], YEAR),
        (["2018/10/1[01]/*/*9.json"], YEAR[:1]),
        (["more.json", "2018/10/10"], ["more.json", *YEAR[:2]]),
        (["2018/10/11", "2018/10/10"], [YEAR[2], *YEAR[:2]]),
        # Named by itself, or as a shell has it.
        (["2018/.x.json"], ["2018/.x.json"]),
        (["undelivered.ndjson"], ["undelivered.ndjson"]),
        (["-", "more.json"], ["-", "more.json"]),
    ],
)
def test_names_folders_and_patterns_stand_for_files_in_order(
    names: list[str], files: list[str]
) -> None:
    assert listed(names, undelivered=UNDELIVERED).files == files


def test_a_position_is_left_out_whatever_its_name(folder: Path) -> None:
    for name in ("two\nlines.json", "two\nlines.json.position"):
        (folder / "2018/10/11" / name).write_text(name)
    files = listed(["2018/10/11"], undelivered=UNDELIVERED).files
    assert files == [YEAR[2], "2018/10/11/two\nlines.json"]


def test_what_a_shell_made_of_a_pattern_has_no_position_in_it() -> None:
    names = [YEAR[0], f"{YEAR[0]}.position", YEAR[1]]
    with pytest.raises(SettingsError, match="only saves how far a file was sent"):
        listed([f"{YEAR[0]}.position"], undelivered=UNDELIVERED)

    assert listed(names[:1] + names[2:], undelivered=UNDELIVERED).files == YEAR[:2]
    assert listed(names, undelivered=UNDELIVERED).files == YEAR[:2]


def test_a_file_with_the_signs_of_a_pattern_in_its_name_is_that_file(folder: Path) -> None:
    (folder / "day[1].json").touch()

    assert listed(["day[1].json"], undelivered=UNDELIVERED).files == ["day[1].json"]


def test_a_file_is_given_once_however_often_and_by_whatever_name_it_is_named(
    folder: Path,
) -> None:
    (folder / "newest.json").symlink_to(folder / YEAR[0])
    (folder / "linked.json").hardlink_to(folder / YEAR[1])

    found = listed(["2018", "2018/10", "newest.json", "linked.json"], undelivered=UNDELIVERED)

    assert found.files == YEAR
    assert found.twice == [*YEAR, "newest.json", "linked.json"]


def test_a_linked_folder_is_entered_once_even_in_a_circle(folder: Path) -> None:
    (folder / "2018/10/here").symlink_to(folder / "2018")
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere/y.json").touch()
    (folder / "2018/there").symlink_to(folder / "elsewhere")

    for name in ("2018", "2018/**", "2018/**/*.json"):
        files = listed([name], undelivered=UNDELIVERED).files
        assert files[:3] == YEAR
        assert [Path(file).resolve() for file in files[3:]] == [folder / "elsewhere/y.json"]


@pytest.mark.parametrize("name", ["2018/*.gz", "nothing-here/**", "empty", "[x]"])
def test_a_name_that_stands_for_nothing_is_refused_by_name(name: str, folder: Path) -> None:
    (folder / "empty").mkdir()

    with pytest.raises(SettingsError, match="no file") as refusal:
        listed(["more.json", name], undelivered=UNDELIVERED)

    assert name in str(refusal.value)


def test_what_is_not_there_and_a_link_that_leads_nowhere_are_told(folder: Path) -> None:
    (folder / "2018/gone.json").symlink_to("nowhere")

    for name, missing in (("none.json", "none.json"), ("2018", "2018/gone.json")):
        with pytest.raises(SourceError, match=f"cannot read {missing}: No such file"):
            listed([name], undelivered=UNDELIVERED)


def test_standard_input_is_named_once() -> None:
    with pytest.raises(SettingsError, match="- is given twice"):
        listed(["-", "more.json", "-"], undelivered=UNDELIVERED)
