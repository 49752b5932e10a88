"""Builds the function's package: processor/, the modules of the events, and the dependencies.

The package contains only what Python needs (modules, `py.typed`, and the data declared here), so
that no other file in these folders is sent to AWS. The same input gives the same zip, byte for
byte, in any folder and with any Python version, so that deploying again without a change does
nothing. `python -m tweetpipe.deploying.package` only builds the folder, for
`aws cloudformation package` and `sam`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from types import MappingProxyType

from filelock import FileLock

from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.project import BUILD, FUNCTION, PROCESSOR, PROCESSOR_REQUIREMENTS

DATA = ("*.dist-info/METADATA", "*.dist-info/LICENSE*", "*.dist-info/licenses/*")
"""The data files to include, as patterns of paths in the package, such as `processor/words.txt`."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
_MODIFIED = 946_684_800  # 2000: no time zone makes that earlier
_NATIVE = {".so", ".pyd", ".dylib"}
_LOG = logging.getLogger(__name__)

Own = Mapping[str, Path]
"""The files of the events that the function needs, by their paths in the package."""


def build(own: Own = MappingProxyType({})) -> Path:
    """Build the folder that AWS's tools package for the function."""
    with _lock():
        return _build(own, FUNCTION)


def prepare() -> None:
    """Fetch the function's dependencies, so that builds need no network."""
    with _lock():
        _install_dependencies()


def archive(own: Own = MappingProxyType({})) -> bytes:
    """The package as a zip that depends only on the names and contents of its files."""
    # Built and read under the lock, because other deployments build into the same folder. It is
    # not the folder of `make package`, which users pass to AWS's tools.
    with _lock():
        folder = _build(own, BUILD / "archived")
        _LOG.debug("%s", listing(folder))
        return _zipped(folder)


def code_sha256(archive: bytes) -> str:
    """The archive's hash in the form that Lambda reports for a function's code."""
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


def listing(folder: Path) -> str:
    """The files in the built folder, one per line, and the files of processor/ that are not."""
    files = {path.relative_to(folder): path.stat().st_size for path in _files(folder)}
    sources = [PurePath(PROCESSOR.name) / path.relative_to(PROCESSOR) for path in _files(PROCESSOR)]
    lines = [f"{size:>9,}  {path.as_posix()}" for path, size in files.items()]
    lines += [
        f" left out  {path.as_posix()}"
        for path in sources
        if path not in files and path.suffix != ".pyc"
    ]
    return "\n".join([*lines, f"{sum(files.values()):>9,}  bytes in {len(files)} files"])


def _lock() -> FileLock:
    BUILD.mkdir(parents=True, exist_ok=True)
    return FileLock(BUILD / "function.lock")


def _build(own: Own, folder: Path) -> Path:
    dependencies = _install_dependencies()
    shutil.rmtree(folder, ignore_errors=True)
    _copy(dependencies, folder)
    _copy(PROCESSOR, folder, PROCESSOR.name)
    for name, path in own.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    for path in (folder, *folder.rglob("*")):
        # AWS's tools zip the folder as they find it, and Lambda reads it as another user.
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_MODIFIED, _MODIFIED))
    return folder


def _copy(source: Path, folder: Path, within: str = "") -> None:
    """Copies the files that belong into the package."""
    for path in _files(source):
        relative = within / path.relative_to(source)
        if _belongs(relative):
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / relative)


def _belongs(path: PurePath) -> bool:
    """Whether a file with this path in the package can be imported, or is declared as data."""
    if any(fnmatchcase(path.as_posix(), pattern) for pattern in DATA):
        return True
    *folders, name = path.parts
    module, _, ending = name.partition(".")
    is_module = ending == "py" and module.isidentifier()
    return all(map(str.isidentifier, folders)) and (is_module or name == "py.typed")


def _files(folder: Path) -> list[Path]:
    """All files except hidden ones; raises TweetpipeError for a link to anything else."""
    found = sorted(path for path in folder.rglob("*") if not _is_hidden(path.relative_to(folder)))
    for path in found:
        if path.is_symlink() and not _leads_to_a_file_of(folder, path):
            raise TweetpipeError(
                f"{folder.name}/{path.relative_to(folder).as_posix()} is a link to "
                f"{os.readlink(path)}, which is not a file that {folder.name}/ puts into the "
                "package. Replace the link with the file itself, or remove it."
            )
    return [path for path in found if path.is_file()]


def _leads_to_a_file_of(folder: Path, link: Path) -> bool:
    # Not Path.resolve, which raises for circular links.
    target, root = Path(os.path.realpath(link)), Path(os.path.realpath(folder))
    return (
        target.is_relative_to(root)
        and target.is_file()
        and _belongs(PurePath(folder.name) / target.relative_to(root))
    )


def _is_hidden(path: PurePath) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    # Not compressed, because versions of zlib compress the same input to different bytes.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.create_system = 3  # Unix, also when zipped elsewhere
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


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
            f"{PROCESSOR_REQUIREMENTS.name} includes compiled code ({native[0]}), which runs on "
            "only one architecture. Use a pure Python package instead."
        )
    shutil.rmtree(unfinished / "bin", ignore_errors=True)  # the function runs no commands
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
            "Check your network connection, then run this again."
        )


if __name__ == "__main__":
    from tweetpipe import events

    sys.stdout.write(f"{listing(build(events.chosen().packaged))}\n")
