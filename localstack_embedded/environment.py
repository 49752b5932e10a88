"""The Python environments of LocalStack and of the functions, made on first use.

In an environment's home:

    localstack/    LocalStack as requirements/localstack.txt pins it, and the plugin
    functions/     what AWS's Lambda runtime offers, as requirements/lambda.txt pins it
    *.log          pip's output
    stamp          written last: which requirements and which Python these were made for

A home without a valid stamp is incomplete or out of date, and is made again from the start. After
an interruption, this resumes quickly, since pip caches what it has downloaded and built.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from .errors import InstallError, writing_to
from .homes import DEFAULT_HOME, HERE, IS_CHECKOUT
from .lock import held
from .ownership import new_private_file, require_own
from .suggested import shell_command

LOCALSTACK_REQUIREMENTS = HERE / "requirements" / "localstack.txt"
FUNCTION_REQUIREMENTS = HERE / "requirements" / "lambda.txt"
PLUGIN = HERE / "plugin"
SUPPORTED = ((3, 11), (3, 14))
"""The oldest and the newest Python for which LocalStack's pins work."""

OnStep = Callable[[str], None]
"""Is called with a line for a person to read whenever there is progress."""


@dataclass(frozen=True)
class Environment:
    """An environment by its home: its interpreters, and the stamp without which it is remade."""

    home: Path

    @property
    def python(self) -> Path:
        """The interpreter that runs LocalStack."""
        return _python(self.home / "localstack")

    @property
    def function_python(self) -> Path:
        """The interpreter that runs functions."""
        return _python(self.home / "functions")

    @property
    def stamp(self) -> Path:
        """The file that is written last."""
        return self.home / "stamp"


def ensure_environment(
    home: Path = DEFAULT_HOME, *, on_step: OnStep = lambda step: None
) -> Environment:
    """The environment in `home`, made if needed.

    Processes may call this at the same time: one makes it, the others wait. Raises HomeError and
    InstallError; a later call continues the installation.
    """
    home = home.absolute()
    environment = Environment(home)
    stamp = _stamp(home)
    if _read_stamp(home) == stamp:
        require_own(home)
        return environment
    waiting = partial(on_step, "Waiting for another process that is installing LocalStack")
    require_python()
    require_pip()
    with held(home / "environment.lock", waiting), writing_to(home):
        if _read_stamp(home) != stamp:
            environment.stamp.unlink(missing_ok=True)
            _make(home, on_step)
            environment.stamp.write_text(stamp)
    return environment


def shared_home() -> Path:
    """The home of the environment that all programs of this user and this Python can share."""
    return DEFAULT_HOME if IS_CHECKOUT else DEFAULT_HOME / "environments" / _digest()[:12]


def is_made(home: Path) -> bool:
    """Whether `home` has a complete environment for this Python."""
    return _read_stamp(home.absolute()) == _stamp(home.absolute())


def require_python() -> None:
    """Raise InstallError unless LocalStack works with the current interpreter."""
    first, last = (".".join(map(str, version)) for version in SUPPORTED)
    kind = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    kind = kind or sys.implementation.name
    if kind != "cpython" or not SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
        raise InstallError(
            f"LocalStack runs on CPython {first} to {last}, and {sys.executable} is"
            f" {kind} {sys.version_info[0]}.{sys.version_info[1]}. Run this with another Python"
        )


def require_pip() -> None:
    """Raise InstallError unless the current interpreter has pip."""
    if find_spec("pip"):
        return
    what = f"LocalStack is installed with pip, and {sys.executable} has none."
    ensure = shell_command(sys.executable, "-m", "ensurepip")
    is_virtual = sys.prefix != sys.base_prefix
    # The interpreter of a Linux distribution gets its packages from there.
    # https://packaging.python.org/en/latest/specifications/externally-managed-environments/
    is_managed = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists()
    if find_spec("ensurepip") and (is_virtual or not is_managed):
        raise InstallError(f"{what} To install it, run:{ensure}")
    package = "python3-venv" if is_virtual else "python3-pip"
    manager = "dnf" if shutil.which("dnf") else "apt"
    packaged = shell_command("sudo", manager, "install", package)
    raise InstallError(
        f"{what} Install it with your system's package manager, such as:{packaged}"
        f"{ensure if is_virtual else ''}"
    )


def _read_stamp(home: Path) -> str | None:
    try:
        return Environment(home).stamp.read_text()
    except OSError:
        return None


def _stamp(home: Path) -> str:
    """A digest of what an environment depends on, including its folder, since it can't be moved."""
    return _digest(str(home.resolve()).encode())


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in (
        LOCALSTACK_REQUIREMENTS.read_bytes(),
        FUNCTION_REQUIREMENTS.read_bytes(),
        *_plugin(),
        *parts,
        f"{sys.version} {sysconfig.get_platform()} {sys.base_prefix}".encode(),
    ):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _plugin() -> list[bytes]:
    """What the plugin's installation depends on."""
    if IS_CHECKOUT:
        return [(PLUGIN / "entry_points.txt").read_bytes(), str(PLUGIN).encode()]
    files = sorted(
        path for path in PLUGIN.rglob("*") if path.is_file() and path.parent.name != "__pycache__"
    )
    return [
        part
        for path in files
        for part in (str(path.relative_to(PLUGIN)).encode(), path.read_bytes())
    ]


def _make(home: Path, on_step: OnStep) -> None:
    on_step("Creating two Python environments, for LocalStack and for functions")
    for name in ("localstack", "functions"):
        shutil.rmtree(home / name, ignore_errors=True)
        venv.create(home / name, symlinks=True)
    with (
        _Pip(home, "functions", FUNCTION_REQUIREMENTS) as functions,
        _Pip(home, "localstack", LOCALSTACK_REQUIREMENTS) as localstack,
    ):
        localstack.wait(lambda step: on_step(f"LocalStack: {step}"))
        functions.wait(lambda step: on_step(f"Functions: {step}"))
    _leave_out_models(_site_packages(home / "localstack"))
    _add_plugin(_site_packages(home / "localstack"))


def _leave_out_models(site_packages: Path) -> None:
    """Remove botocore's models of services that LocalStack lacks: nine in ten, or 16 MB.

    LocalStack reads all models when it first starts in a folder.
    """
    provided = {
        entry_point.name.partition(":")[0]
        for distribution in distributions(name="localstack-core", path=[str(site_packages)])
        for entry_point in distribution.entry_points.select(group="localstack.aws.provider")
    }
    for folder in site_packages.glob("botocore/data/*/"):
        if provided and folder.name not in provided:
            shutil.rmtree(folder)


def _add_plugin(site_packages: Path) -> None:
    """Install the plugin by hand; in a checkout, as an editable installation.

    pip can't be used: plux, a dependency of LocalStack, breaks setuptools' editable builds.
    """
    target = site_packages / "localstack_embedded_plugin"
    if IS_CHECKOUT:
        target.symlink_to(PLUGIN)
    else:
        # This package's own environment, like those of uvx, may be deleted while LocalStack runs.
        shutil.copytree(PLUGIN, target, ignore=shutil.ignore_patterns("__pycache__"))
    metadata = site_packages / "localstack_embedded_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: localstack-embedded-plugin\nVersion: 1.0\n"
    )
    shutil.copy(PLUGIN / "entry_points.txt", metadata)


_SAY_EVERY = 10  # packages


class _Pip:
    """One installation, which starts on construction and ends with its context at the latest."""

    def __init__(self, home: Path, name: str, requirements: Path) -> None:
        self._log = home / f"{name}-install.log"
        self._packages = len(re.findall(r"^[^ #]+( @ |==)", requirements.read_text(), re.MULTILINE))
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pip", "--python", str(_python(home / name)), "install"),
                *("--requirement", str(requirements), "--require-hashes", "--no-deps"),
                *("--no-compile", "--no-user", "--no-input", "--retries", "2"),
                *("--disable-pip-version-check", "--progress-bar", "off"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def wait(self, on_step: OnStep) -> None:
        """Report pip's progress until it ends; raises InstallError if it fails."""
        assert self._process.stdout
        found = 0
        lines = []
        with new_private_file(self._log) as log:
            for line in self._process.stdout:
                log.write(line.encode())
                lines.append(line)
                if line.startswith(("Collecting ", "Processing ")):
                    found += 1
                    if found % _SAY_EVERY == 0 or found == self._packages:
                        on_step(f"package {found} of {self._packages}")
                elif line.startswith("Installing collected packages"):
                    on_step("installing the downloaded packages")
        if self._process.wait() != 0:
            reason = _reason(lines)
            raise InstallError(
                f"pip failed: {reason}. Its output is in {self._log}. {_first(reason)}"
                " this command again to continue"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            # Kill the group, since pip runs another pip in the interpreter that it installs for.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


_UNREACHABLE = "the package index can't be reached"


def _reason(lines: list[str]) -> str:
    if any("Retrying (Retry(" in line for line in lines):
        return _UNREACHABLE
    errors = [line.removeprefix("ERROR: ").strip() for line in lines if line.startswith("ERROR: ")]
    return (errors or [line.strip() for line in lines[-1:]] or ["it said nothing"])[0].rstrip(".")


def _first(reason: str) -> str:
    """What to do before pip can continue."""
    if reason == _UNREACHABLE:
        return "Check your network, and pip's settings for index and proxy, then run"
    if "No space left" in reason or "Disk quota exceeded" in reason:
        return "Free some space, then run"
    return "Run"


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"


def _site_packages(environment: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(environment)}))
