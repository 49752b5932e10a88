"""What to check if a file can't be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.files.unreadable import check_path


def test_a_relative_path_in_a_deleted_folder_is_answered_with_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert check_path("x") == "Change to another folder, because the current one was deleted"
    assert check_path("/x") == "Check the path"
