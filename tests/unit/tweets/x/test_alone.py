from __future__ import annotations

import os
from pathlib import Path

import pytest

from producer import SettingsError
from tweets.x.alone import Alone


def test_one_run_reads_an_app_s_posts_and_others_are_told_which(tmp_path: Path) -> None:
    first, another = (Alone(app, folder=tmp_path) for app in ("app", "another"))
    with pytest.raises(SettingsError, match=rf"process {os.getpid()}\).*one connection"):
        Alone("app", folder=tmp_path)
    another.release()
    first.release()
    Alone("app", folder=tmp_path).release()


def test_a_run_that_has_ended_without_a_word_is_in_nobody_s_way(tmp_path: Path) -> None:
    Alone("app", folder=tmp_path)
    Alone("app", folder=tmp_path).release()


def test_a_link_in_the_lock_s_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    (tmp_path / f"tweetpipe-x-{os.getuid()}-app.lock").symlink_to(target)

    with pytest.raises(SettingsError, match="cannot open"):
        Alone("app", folder=tmp_path)

    assert target.read_text() == "precious"
