"""Tests in processes that are forked from the one that has collected them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")

OUTCOMES = {
    "test_passes.py": """
        def test_has_a_folder(tmp_path): tmp_path.joinpath("file").touch(exist_ok=False)
        def test_prints(): print("what passed")
    """,
    "test_fails.py": """
        import pytest
        def test_has_a_folder(tmp_path): tmp_path.joinpath("file").touch(exist_ok=False)
        def test_fails(): print("what failed"); assert not "what is wrong"
        @pytest.fixture
        def broken(): raise OSError("no set up")
        def test_has_no_set_up(broken): pass
        @pytest.mark.skip(reason="why not")
        def test_is_skipped(): pass
    """,
    "test_crashes.py": """
        import os
        def test_crashes(): os._exit(7)
        def test_never_runs(): pass
    """,
}
WAITS = """
    import os, pathlib, pytest, time
    @pytest.fixture(scope="session", autouse=True)
    def emulator():
        yield
        pathlib.Path(f"{os.getpid()}.ended").touch()
    def test_waits():
        pathlib.Path(f"{os.getpid()}.waits").touch()
        time.sleep(600)
    def test_never_runs(): pass
"""


def begin(folder: Path, files: dict[str, str]) -> subprocess.Popen[str]:
    """A run of these files in two processes, without what no test here needs."""
    for name, content in files.items():
        (folder / name).write_text(dedent(content))
    plugins = ["-p", "xdist.plugin", "-p", "tests.forking", "-p", "no:cacheprovider"]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-n2", "-rfEs", *plugins, f"--basetemp={folder / 'tmp'}"],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_all_that_comes_of_tests_is_reported_and_what_ends_a_process_fails(tmp_path: Path) -> None:
    with begin(tmp_path, OUTCOMES) as run:
        said, _ = run.communicate()
    assert run.returncode == 1, said
    assert "2 failed, 3 passed, 1 skipped, 1 error in" in said
    assert "FAILED test_fails.py::test_fails - AssertionError: assert not 'what is wrong'" in said
    assert "FAILED test_crashes.py::test_crashes - Its process ended with 7, without" in said
    assert "ERROR test_fails.py::test_has_no_set_up - OSError: no set up" in said
    assert "why not" in said
    assert "what failed" in said
    assert "what passed" not in said


@pytest.mark.heavy
def test_an_interrupt_ends_each_process_as_it_would_end_pytest(tmp_path: Path) -> None:
    with begin(tmp_path, {"test_one.py": WAITS, "test_two.py": WAITS}) as run:
        wait_for(lambda: len(list(tmp_path.glob("*.waits"))) == 2, "both to wait")
        for each in (*tmp_path.glob("*.waits"), Path(str(run.pid))):  # as a terminal does
            os.kill(int(each.stem), signal.SIGINT)
        said, _ = run.communicate()
    assert run.returncode == 2, said
    assert len(list(tmp_path.glob("*.ended"))) == 2
