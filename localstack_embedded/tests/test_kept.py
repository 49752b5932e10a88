"""What is told of kept state where LocalStack is started and stopped."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from localstack_embedded import Died, Instance, KeptStateError, StartError, running
from localstack_embedded.emulator import start, status, stop
from localstack_embedded.tests.fake_localstack import make_environment
from localstack_embedded.tests.waiting import wait_for

# Keeps nothing but a note of how it has ended, in the folder's own form.
KEEPS = """
import json, pathlib, zlib

def note(is_clean):
    if "LOCALSTACK_KEPT_FOLDER" in os.environ:
        folder = pathlib.Path(os.environ["LOCALSTACK_KEPT_FOLDER"])
        folder.mkdir(exist_ok=True)
        text = json.dumps({"note": {"is_clean": is_clean}})
        (folder / "manifest.json").write_text(f"{zlib.crc32(text.encode()):08x}\\n{text}")

def leave(*_):
    note(CLEAN)
    os._exit(0)

signal.signal(signal.SIGTERM, leave)
note(False)
serve()
"""


def a_home(folder: Path, *, is_clean: bool = True) -> Path:
    return make_environment(folder / "home", KEEPS.replace("CLEAN", str(is_clean)))


def test_what_is_kept_is_told_at_the_end_and_at_the_next_start(tmp_path: Path) -> None:
    home, said = a_home(tmp_path), list[str]()
    instance = start(home, port=0, keep=True, on_step=said.append)
    assert instance.is_kept
    assert stop(home, on_step=said.append)
    assert said[-1] == (
        f"Its state is kept in {home}/kept. To restore it, start with --keep. To discard it,"
        " delete that folder"
    )
    said.clear()
    start(home, port=0, on_step=said.append)
    assert f"kept in {home}/kept stays there" in said[0]
    said.clear()
    stop(home, on_step=said.append)
    assert said == ["Stopping LocalStack"]
    start(home, port=0, keep=True, on_step=said.append)
    assert not any("kept" in each for each in said)
    stop(home)


def test_an_end_at_which_not_all_could_be_kept_is_an_error(tmp_path: Path) -> None:
    home, said = a_home(tmp_path, is_clean=False), list[str]()
    start(home, port=0, keep=True)
    with pytest.raises(KeptStateError, match=r"localstack\.log says why"):
        stop(home)
    start(home, port=0, keep=True, on_step=said.append)
    assert "may be missing" in said[0]
    with pytest.raises(KeptStateError):
        stop(home)


def test_a_start_that_is_refused_says_what_localstack_says(tmp_path: Path) -> None:
    home = make_environment(
        tmp_path / "home", "print('kept state: it is torn; delete it'); sys.exit(1)"
    )
    with pytest.raises(KeptStateError, match=r"^it is torn; delete it$"):
        start(home, port=0, keep=True)


def test_one_that_keeps_nothing_has_to_be_stopped_first(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    start(home, port=0)
    with pytest.raises(StartError, match="To have it keep what it holds, stop it first"):
        start(home, keep=True)
    stop(home)


def test_after_a_kill_it_is_said_that_things_are_kept(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    for keep, words in ((False, "is gone; start it again"), (True, f"is kept in {home}/kept")):
        instance = start(home, port=0, keep=keep)
        kill(instance)
        wait_for(lambda: isinstance(status(home), Died), "its end")
        found = status(home)
        assert isinstance(found, Died)
        assert words in found.explanation


def kill(instance: Instance) -> None:
    psutil.Process(instance.pid).kill()


def test_a_temporary_home_keeps_nothing() -> None:
    with pytest.raises(ValueError, match="needs a home"), running(keep=True):
        pass
