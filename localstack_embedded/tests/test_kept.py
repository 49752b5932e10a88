"""What is said about kept state when LocalStack is started and stopped."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from localstack_embedded import (
    Died,
    HomeError,
    Instance,
    KeptStateError,
    StartError,
    running,
    state,
)
from localstack_embedded.__main__ import main
from localstack_embedded.emulator import start, status, stop
from localstack_embedded.plugin.kept import IN_USE, REFUSED, REFUSED_BY_SYSTEM
from localstack_embedded.tests.fake_localstack import make_environment
from localstack_embedded.tests.waiting import wait_for

# Keeps only a note of how it ended, in the folder's own format.
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
        f"The state is saved in {home}/kept. To load it, start with --keep:"
        f"\n  localstack-embedded up --keep --port {instance.port} --home {home}"
        f"\nTo delete it, run:\n  rm -r {home}/kept"
    )
    assert status(home).explanation == (  # type: ignore[union-attr]
        f"LocalStack is not running. To start it with the state saved in {home}/kept, run:"
        f"\n  localstack-embedded up --keep --home {home}"
        f"\nTo start it empty, run:\n  localstack-embedded up --home {home}"
    )
    said.clear()
    start(home, port=0, on_step=said.append)
    assert said[0] == (
        f"This LocalStack starts empty. The state saved in {home}/kept is not loaded."
        " To load it, start with --keep:"
        f"\n  localstack-embedded down --home {home}"
        f"\n  localstack-embedded up --keep --home {home}"
        f"\nTo delete it, run:\n  rm -r {home}/kept"
    )
    said.clear()
    stop(home, on_step=said.append)
    assert said == ["Stopping LocalStack"]
    start(home, port=0, keep=True, on_step=said.append)
    assert [each for each in said if "state" in each] == []
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


def refusing(folder: Path, line: str) -> Path:
    """A home whose LocalStack ends with this line, instead of starting."""
    return make_environment(folder / "home", f"print({line!r}); sys.exit(1)")


def test_a_start_that_is_refused_says_why_and_what_to_do(tmp_path: Path) -> None:
    home = refusing(tmp_path, f"{REFUSED}it is torn")
    with pytest.raises(KeptStateError) as refused:
        start(home, port=4570, keep=True)
    up = "\n  localstack-embedded up"
    assert str(refused.value) == (
        f"it is torn. To start empty and leave it there, run:{up} --port 4570 --home {home}"
        f"\nTo delete it and start empty, run:\n  rm -r {home}/kept"
        f"{up} --keep --port 4570 --home {home}"
    )


def test_a_folder_in_use_is_not_to_be_deleted(tmp_path: Path) -> None:
    with pytest.raises(KeptStateError, match=r"^Another LocalStack uses the .* or stop that one$"):
        start(refusing(tmp_path, IN_USE), port=0, keep=True)


def test_one_that_uses_the_folder_and_is_not_known_is_named(tmp_path: Path) -> None:
    first_serves = f"""
if os.path.exists("../is_in_use"):
    sys.exit({IN_USE!r})
open("../is_in_use", "x").close()
serve()
"""
    home = make_environment(tmp_path / "home", first_serves)
    first = start(home, port=0, keep=True)
    state.remove(home)
    with pytest.raises(KeptStateError) as refused:
        start(home, port=0, keep=True)
    assert str(refused.value).splitlines()[1:] == [
        f"  kill {first.pid}",
        f"  localstack-embedded up --keep --home {home}",
    ]
    psutil.Process(first.pid).kill()


def test_a_full_disk_is_not_damage(tmp_path: Path) -> None:
    home = refusing(tmp_path, f"{REFUSED_BY_SYSTEM}28 No space left on device")
    with pytest.raises(HomeError, match=r"/kept: no space left on device\. Free some space"):
        start(home, port=0, keep=True)


@pytest.mark.parametrize("spoiled", ["", "half of a mani", "00000000\n{}"])
def test_a_damaged_state_is_not_said_to_be_that_of_one_that_was_killed(
    spoiled: str, tmp_path: Path
) -> None:
    home, said = a_home(tmp_path), list[str]()
    start(home, port=0, keep=True)
    stop(home)
    manifest = home / "kept" / "manifest.json"
    manifest.write_text(spoiled)
    with pytest.raises(KeptStateError) as refused:
        start(home, port=0, keep=True, on_step=said.append)
    assert str(refused.value).startswith(
        f"The state saved in {home}/kept can't be used: {manifest} is damaged. The saved state was"
        " not changed. To start empty and leave it there, run:"
        f"\n  localstack-embedded up --home {home}\n"
    )
    assert said == []
    assert manifest.read_text() == spoiled


def test_a_stop_that_finds_the_state_damaged_says_that_it_has_stopped(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    kill(start(home, port=0, keep=True), home)
    (home / "kept" / "manifest.json").write_text("half")
    with pytest.raises(KeptStateError, match=r"^LocalStack has stopped\. The state saved in"):
        stop(home)


def test_one_that_keeps_nothing_has_to_be_stopped_first(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    start(home, port=0)
    with pytest.raises(StartError, match=r"To keep its state, stop it first\. Stopping it deletes"):
        start(home, keep=True)
    stop(home)


@pytest.mark.parametrize("command", ["status", "env", "reset", "doctor"])
@pytest.mark.parametrize("keep", [False, True])
def test_after_a_kill_each_command_suggests_the_start_that_loads_what_is_saved(
    keep: bool, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = a_home(tmp_path)
    instance = start(home, port=0, keep=keep)
    kill(instance, home)
    assert main([command, "--home", str(home)]) == 1
    output = capsys.readouterr()
    said = output.out + output.err
    flag = " --keep" if keep else ""
    again = f"localstack-embedded up{flag} --port {instance.port} --home {home}"
    assert again in [line.strip() for line in said.splitlines()]
    assert ("The state is saved in" in said) == keep
    assert ("everything deployed in it is lost" in said) != keep


def test_after_a_kill_the_end_is_not_blamed_on_saving(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    kill(start(home, port=0, keep=True), home)
    with pytest.raises(KeptStateError, match=r"^LocalStack had already stopped unexpectedly"):
        stop(home)


def test_a_state_that_was_not_saved_is_an_error_with_the_start_that_saves_it(
    tmp_path: Path,
) -> None:
    home = a_home(tmp_path)
    port = start(home, port=0, keep=True).port
    (home / "kept" / "manifest.json").unlink()
    kill(start(home, port=0, keep=True), home)
    with pytest.raises(
        KeptStateError,
        match=rf"its state was not saved: .*\n  localstack-embedded up --keep --port {port} ",
    ):
        stop(home)


def test_after_a_kill_before_anything_was_saved_no_state_is_promised(tmp_path: Path) -> None:
    home = make_environment(tmp_path / "home", "serve()")
    kill(start(home, port=0, keep=True), home)
    found = status(home)
    assert isinstance(found, Died)
    assert "everything deployed in it is lost" in found.explanation


def kill(instance: Instance, home: Path) -> None:
    psutil.Process(instance.pid).kill()
    wait_for(lambda: isinstance(status(home), Died), "its end")


def test_a_temporary_home_keeps_nothing() -> None:
    with pytest.raises(ValueError, match="needs a home"), running(keep=True):
        pass
