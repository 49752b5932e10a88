"""MiniStack as a process: an emulator that evaluates IAM's policies (AUTH=true).

It has a separate environment in build/, made on first use, because it pins another botocore.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from localstack_embedded.tests.unused_ports import free_port
from tweetpipe.project import BUILD, ROOT

REQUIREMENTS = ROOT / "requirements" / "ministack.txt"
_MAIN = Path(__file__).with_name("ministack_with_conditions.py")

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_LOG_TAIL = 15  # lines
_INSTALL_SECONDS = 240.0


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The endpoint of a MiniStack with its files and its log in the folder."""
    python = _ensure_environment()
    port = free_port()
    log = folder / "ministack.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), str(_MAIN)],
            env=_environ(folder, port),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(process, endpoint, log)
        yield endpoint
    finally:
        _stop(process)


def _environ(folder: Path, port: int) -> dict[str, str]:
    """Only PATH of the user's environment: no AWS profile, no proxy, no real key."""
    endpoint = f"http://127.0.0.1:{port}"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "S3_DATA_DIR": str(folder / "s3"),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        # So that functions find it.
        "AWS_ENDPOINT_URL": endpoint,
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_up(process: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"MiniStack exited while starting:\n{_tail(log)}")
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"MiniStack did not answer within {_START_SECONDS:.0f} s:\n{_tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # it stops its functions' processes then
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL:])


def _ensure_environment() -> Path:
    """The interpreter of MiniStack's environment, which is made again if its pins change."""
    pins = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    home = BUILD / "ministack"
    stamp = home / "stamp"
    BUILD.mkdir(exist_ok=True)
    with FileLock(BUILD / "ministack.lock"):
        if not stamp.is_file() or stamp.read_text() != pins:
            shutil.rmtree(home, ignore_errors=True)
            venv.create(home, symlinks=True)
            _install(home / "bin" / "python")
            stamp.write_text(pins)
    return home / "bin" / "python"


def _install(python: Path) -> None:
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"),
            *("--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check"),
            *("--requirement", str(REQUIREMENTS)),
        ],
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    assert outcome.returncode == 0, f"pip could not install MiniStack:\n{outcome.stderr}"
