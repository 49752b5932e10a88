from __future__ import annotations

import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tweetpipe import package
from tweetpipe.errors import TweetpipeError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one source file, whose dependencies are what lies in `wheel`."""
    (tmp_path / "processor").mkdir()
    (tmp_path / "processor" / "handler.py").write_text("answer = 42\n")
    (tmp_path / "processor" / "handler.pyc").write_bytes(b"compiled")
    (tmp_path / "processor.txt").write_text("dependency==1.0\n")
    monkeypatch.setattr(package, "BUILD", tmp_path / "build")
    monkeypatch.setattr(package, "FUNCTION", tmp_path / "build" / "function")
    monkeypatch.setattr(package, "PROCESSOR", tmp_path / "processor")
    monkeypatch.setattr(package, "PROCESSOR_REQUIREMENTS", tmp_path / "processor.txt")

    def install(folder: Path) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "tool").write_text("#!/usr/bin/python\n")
        (folder / "dependency.py").write_text("x = 1\n")

    monkeypatch.setattr(package, "_pip_install", install)
    return tmp_path


def test_packages_made_at_the_same_time_are_whole(project: Path) -> None:
    for n in range(50):
        (project / "processor" / f"module{n}.py").write_text(f"answer = {n}\n")

    with ThreadPoolExecutor(4) as pool:
        made = [*pool.map(lambda _: package.archive(), range(20))]

    assert set(made) == {package.archive()}


def test_the_package_holds_sources_and_dependencies_and_nothing_else(project: Path) -> None:
    archive = zipfile.ZipFile(io.BytesIO(package.archive()))

    assert archive.namelist() == ["dependency.py", "processor/handler.py"]


def test_the_same_input_gives_the_same_bytes(project: Path) -> None:
    first = package.archive()
    os.utime(project / "processor" / "handler.py", (1_000_000_000, 1_000_000_000))
    (project / "processor" / "handler.py").chmod(0o755)

    assert package.archive() == first


def test_a_changed_file_changes_the_package(project: Path) -> None:
    first = package.archive()
    (project / "processor" / "handler.py").write_text("answer = 43\n")

    assert package.archive() != first


def test_a_deleted_file_leaves_the_package(project: Path) -> None:
    (project / "processor" / "old.py").write_text("")
    package.build()
    (project / "processor" / "old.py").unlink()

    assert not (package.build() / "processor" / "old.py").exists()


def test_changed_requirements_are_installed_anew(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package.build()

    def install(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "dependency.py").write_text("x = 2\n")

    monkeypatch.setattr(package, "_pip_install", install)
    (project / "processor.txt").write_text("dependency==2.0\n")

    assert (package.build() / "dependency.py").read_text() == "x = 2\n"


@pytest.mark.parametrize("name", ["fast.so", "fast.cpython-311-x86_64-linux-gnu.so", "fast.pyd"])
def test_compiled_code_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def install(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / name).write_bytes(b"\x7fELF")

    monkeypatch.setattr(package, "_pip_install", install)

    # Twice: what was refused must not pass for installed the next time.
    for _ in range(2):
        with pytest.raises(TweetpipeError, match=r"processor\.txt brings compiled code \(fast"):
            package.build()
