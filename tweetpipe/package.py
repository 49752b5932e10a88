"""Builds the function's package: the folder processor/ and its pinned dependencies.

The same input gives the same zip, byte for byte, so that a deploy without a change changes nothing.
`python -m tweetpipe.package` builds the folder alone, for `aws cloudformation package` and `sam`.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from filelock import FileLock

from tweetpipe.errors import TweetpipeError
from tweetpipe.project import BUILD, FUNCTION, PROCESSOR, PROCESSOR_REQUIREMENTS

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
_NATIVE = {".so", ".pyd", ".dylib"}


def build() -> Path:
    """The folder that becomes the function's package, made anew from the sources."""
    with _lock():
        return _build()


def archive() -> bytes:
    """The package as a zip that depends on nothing but its files' names and contents."""
    # Built and read in one go: another deployment builds into the same folder.
    with _lock():
        return _zipped(_build())


def _lock() -> FileLock:
    BUILD.mkdir(exist_ok=True)
    return FileLock(BUILD / "function.lock")


def _build() -> Path:
    dependencies = _install_dependencies()
    shutil.rmtree(FUNCTION, ignore_errors=True)
    shutil.copytree(dependencies, FUNCTION)
    for source in _sources():
        copy = FUNCTION / PROCESSOR.name / source.relative_to(PROCESSOR)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    return FUNCTION


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, also when zipped elsewhere
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _sources() -> list[Path]:
    return [path for path in PROCESSOR.rglob("*") if path.is_file() and path.suffix != ".pyc"]


def _install_dependencies() -> Path:
    wanted = hashlib.sha256(PROCESSOR_REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = BUILD / f"dependencies-{wanted}"
    if folder.is_dir():
        return folder
    unfinished = BUILD / "dependencies-unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    _pip_install(unfinished)
    native = [path.name for path in unfinished.rglob("*") if path.suffix in _NATIVE]
    if native:
        raise TweetpipeError(
            f"{PROCESSOR_REQUIREMENTS.name} brings compiled code ({native[0]}), which runs on one "
            "architecture only. Choose a pure Python package instead."
        )
    shutil.rmtree(unfinished / "bin", ignore_errors=True)
    unfinished.rename(folder)
    return folder


def _pip_install(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--target", str(folder), "--no-deps", "--no-compile", "--only-binary", ":all:"]
    command += ["--require-hashes", "--requirement", str(PROCESSOR_REQUIREMENTS)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        reason = next(
            (line for line in outcome.stderr.splitlines() if line.startswith("ERROR")),
            "no reason given",
        )
        raise TweetpipeError(
            f"pip could not fetch the function's dependencies ({reason}). "
            "Check the network, then run this again."
        )


if __name__ == "__main__":
    build()
