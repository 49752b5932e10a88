"""A folder of parts, in which a change is written completely or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localstack_embedded.plugin.keeping.folder import Folder, KeptStateError

MADE_BY = {"LocalStack": "1.0", "format": 1}


def opened(path: Path, made_by: dict[str, object] = MADE_BY) -> Folder:
    return Folder(path, made_by)


def contents(folder: Folder) -> dict[str, bytes]:
    return {name: folder.read(name) for name in folder.names}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    folder = opened(tmp_path / "kept")
    folder.write({"a:x": b"one", "b/y": b""}, gone=(), note={"n": 1})
    folder.close()
    return tmp_path / "kept"


def test_what_was_written_is_there(written: Path) -> None:
    folder = opened(written)
    assert (contents(folder), folder.note) == ({"a:x": b"one", "b/y": b""}, {"n": 1})
    folder.write({"a:x": b"two"}, gone={"b/y"}, note=None)
    folder.close()
    again = opened(written)
    assert contents(again) == {"a:x": b"two"}
    assert len(list((written / "parts").iterdir())) == 1
    again.close()


def test_it_is_for_the_user_alone(written: Path) -> None:
    for path in (written, *written.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "failing", ["fsync", "replace"], ids=["while a part is written", "before the manifest is there"]
)
def test_a_change_that_fails_changes_nothing(
    written: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = opened(written)
    with monkeypatch.context() as full:
        full.setattr(f"os.{failing}", fail)
        with pytest.raises(OSError, match="No space left"):
            folder.write({"a:x": b"two", "c": b"three"}, gone={"b/y"}, note={"n": 2})
    folder.close()
    again = opened(written)
    assert (contents(again), again.note) == ({"a:x": b"one", "b/y": b""}, {"n": 1})
    again.write({"a:x": b"two"}, gone=(), note={"n": 2})
    assert contents(again) == {"a:x": b"two", "b/y": b""}
    again.close()


def test_what_a_process_left_that_was_killed_is_cleared_away(written: Path) -> None:
    (written / "parts" / "00000003").write_bytes(b"half of a pa")
    (written / "manifest.json.new").write_bytes(b"half")
    folder = opened(written)
    assert contents(folder) == {"a:x": b"one", "b/y": b""}
    assert len(list((written / "parts").iterdir())) == 2
    folder.close()


def damage_part(folder: Path) -> None:
    part = max((folder / "parts").iterdir(), key=lambda path: path.stat().st_size)
    part.write_bytes(b"onE")


def tear_part(folder: Path) -> None:
    part = max((folder / "parts").iterdir(), key=lambda path: path.stat().st_size)
    part.write_bytes(b"on")


def remove_parts(folder: Path) -> None:
    for part in (folder / "parts").iterdir():
        part.unlink()


def tear_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text()[:-2])


def replace_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"\xff\xfe of another program")


def remove_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def read_all(path: Path) -> None:
    folder = opened(path)
    for name in folder.names:
        folder.read(name)


@pytest.mark.parametrize(
    "spoil",
    [damage_part, tear_part, remove_parts, tear_manifest, replace_manifest, remove_manifest],
)
def test_what_is_not_as_it_was_written_is_refused(
    written: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(written)
    before = {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    with pytest.raises(KeptStateError, match="The saved state was not changed"):
        read_all(written)
    assert {path: path.read_bytes() for path in written.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("made_by", [MADE_BY | {"LocalStack": "2.0"}, MADE_BY | {"format": 2}])
def test_what_another_version_wrote_is_refused(written: Path, made_by: dict[str, object]) -> None:
    with pytest.raises(KeptStateError, match=r"written by LocalStack 1\.0, format 1, and this is"):
        opened(written, made_by)
    opened(written).close()


def test_one_process_at_a_time_uses_it(written: Path) -> None:
    folder = opened(written)
    with pytest.raises(KeptStateError, match="another LocalStack uses"):
        opened(written)
    folder.close()
    opened(written).close()
