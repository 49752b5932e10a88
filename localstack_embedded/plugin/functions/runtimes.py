"""What to run for a function: the command for its runtime, and the variables that it needs.

    python3.X     the handler, in a Python of that version if this machine has one
    nodejs*       the handler, in the Node.js on the PATH
    provided.*    the file `bootstrap` in the code, or else in a layer

AWS has a function's code at /var/task and its layers at /opt. Here they are in the folders that
LAMBDA_TASK_ROOT and LAMBDA_OPT_DIR name. AWS's paths would require a mount namespace, which macOS
lacks and many Linux machines forbid. In AWS_LAMBDA_EXEC_WRAPPER, they are translated.
"""

from __future__ import annotations

import errno
import logging
import os
import platform
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LOG = logging.getLogger(__name__)

HERE = Path(__file__).parent
PYTHON_MAIN = HERE / "python_main.py"
NODE_MAIN = HERE / "node_main.mjs"
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"

# e_machine of an ELF file's header: https://man7.org/linux/man-pages/man5/elf.5.html
_ELF_MACHINES = {0x03: "i386", 0x28: "arm", 0x3E: "x86_64", 0xB7: "aarch64"}


class UnknownRuntimeError(Exception):
    """This machine can't run such functions; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """The unpacked files of a function; `opt` has those of its layers, if it has any."""

    runtime: str
    code: Path
    opt: Path | None = None

    def layered(self, *names: str) -> list[Path]:
        """The paths of these names in the layers; none if there are no layers."""
        return [self.opt / name for name in names] if self.opt else []


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """The Python with the packages that functions may expect, and its Runtime API client."""

    python: Path
    client: str


def require(runtime: str | None) -> None:
    """Raise UnknownRuntimeError unless functions with that runtime can run here."""
    name = runtime or "a container image"
    if name.startswith("nodejs"):
        _node()
    elif not name.startswith(("python3.", "provided")):
        raise UnknownRuntimeError(
            "the process executor runs functions in Python and Node.js, and custom runtimes"
            f" (provided.*), but not {name}. Run LocalStack in Docker for it"
        )


def command(package: Package, interpreter: Interpreter) -> tuple[str, ...]:
    """The command for a function, without a wrapper."""
    if package.runtime.startswith("provided"):
        places = [package.code / "bootstrap", *package.layered("bootstrap")]
        return (str(next((place for place in places if place.is_file()), places[0])),)
    if package.runtime.startswith("nodejs"):
        node = str(_node())
        if (has := _node_version(node)) != _node_major(package):
            _say_once(f"{package.runtime} functions run on Node.js {has}, the one on the PATH")
        return node, str(NODE_MAIN)
    return _python_of(package, interpreter)


def wrapped(
    command: tuple[str, ...], package: Package, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """The command with the wrapper that `environ` names; custom runtimes get none, as on AWS.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
    """
    wrapper = environ.get(WRAPPER)
    if not wrapper or package.runtime.startswith("provided"):
        return command
    for prefix, folder in (("/opt/", package.opt), ("/var/task/", package.code)):
        if folder and wrapper.startswith(prefix):
            return str(folder / wrapper.removeprefix(prefix)), *command
    return wrapper, *command


def merged(layers: Sequence[Path], into: Path) -> Path | None:
    """A folder with the files of all layers; those of later layers replace those of earlier ones.

    If there are several layers, it is `into`, with their files linked rather than copied.
    """
    if len(layers) < 2:
        return layers[0] if layers else None

    def link(source: str, target: str) -> None:
        Path(target).unlink(missing_ok=True)
        os.link(source, target)

    for layer in layers:
        shutil.copytree(layer, into, copy_function=link, dirs_exist_ok=True)
    return into


def variables(package: Package, command: Sequence[str]) -> dict[str, str]:
    """The variables by which programs find each other and the files of the code and the layers."""
    own = [] if package.runtime.startswith("provided") else [Path(command[0]).parent]
    search: list[str | Path] = [*own, "/usr/local/bin", "/usr/bin", "/bin", *package.layered("bin")]
    libraries = [package.code, package.code / "lib", *package.layered("lib")]
    node = f"nodejs/node{_node_major(package)}/node_modules"
    modules = [*package.layered(node, "nodejs/node_modules"), package.code]
    found: dict[str, Sequence[str | Path]] = {
        "PATH": search,
        "LD_LIBRARY_PATH": libraries,
        "NODE_PATH": modules if package.runtime.startswith("nodejs") else [],
    }
    return {
        **{name: ":".join(map(str, paths)) for name, paths in found.items() if paths},
        "LAMBDA_TASK_ROOT": str(package.code),
        **({"LAMBDA_OPT_DIR": str(package.opt)} if package.opt else {}),
    }


def why_not(command: Sequence[str], error: OSError) -> str:
    """A readable message about why a program can't be run."""
    program = Path(error.filename or command[0])
    said = f"fork/exec {program}: {(error.strerror or str(error)).lower()}"
    if error.errno == errno.EACCES:
        return f"{said}; it must be executable in the archive: chmod +x before zip"
    if error.errno == errno.ENOEXEC:
        machine = _machine_of(program)
        if machine:
            return f"{said}; it is built for {machine}, but this is {_this_machine()}"
        return f"{said}; a script needs a first line such as #!/bin/sh"
    if error.errno == errno.ENOENT and program.name == "bootstrap" and not program.exists():
        return "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    if error.errno == errno.ENOENT and program.exists():
        return f"{said}; the interpreter in its first line, or its dynamic linker, is missing"
    return said


def _node_major(package: Package) -> str:
    return package.runtime.removeprefix("nodejs").removesuffix(".x")


def _python_of(package: Package, interpreter: Interpreter) -> tuple[str, ...]:
    """The command that runs python_main.py, whose docstring explains the arguments."""
    wanted = package.runtime.removeprefix("python")
    python, client, packages = interpreter.python, interpreter.client, ""
    own = _python_version(str(python))
    if own != wanted:
        if found := _find_python(wanted):
            # AWS's client is compiled for the other Python; all other packages are pure Python.
            packages, client = _site_packages(str(python)), "builtin"
            python, own = Path(found), wanted
        else:
            _say_once(
                f"{package.runtime} functions run on Python {own}: Python {wanted} was not found"
            )
    # Older versions lack -P, and look for modules beside python_main.py as well.
    safe = ("-P",) if tuple(map(int, own.split("."))) >= (3, 11) else ()
    path = [package.code, *package.layered(f"python/lib/python{wanted}/site-packages", "python")]
    return (str(python), *safe, str(PYTHON_MAIN), client, packages, *map(str, path))


@cache
def _find_python(version: str) -> str | None:
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # HOME is a folder of LocalStack's
    kept = [
        *sorted(home.glob(f".pyenv/versions/{version}.*/bin/python3"), reverse=True),
        *sorted(home.glob(f".local/share/uv/python/cpython-{version}.*/bin/python3"), reverse=True),
        *(Path(folder, f"python{version}") for folder in ("/opt/homebrew/bin", "/usr/local/bin")),
    ]
    for python in (shutil.which(f"python{version}"), *map(str, kept)):
        if python and _python_version(python) == version:
            return python
    return None


@cache
def _python_version(python: str) -> str:
    """Its version; empty if it is incomplete, or a pyenv shim for one that isn't installed."""
    program = "import ssl, sys; print('{}.{}'.format(*sys.version_info))"
    return _output_of(python, "-c", program)


@cache
def _site_packages(python: str) -> str:
    return _output_of(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")


def _node() -> Path:
    if node := shutil.which("node"):
        return Path(node)
    raise UnknownRuntimeError(
        "Node.js was not found. Install it so that node is on the PATH, and start LocalStack again"
    )


@cache
def _node_version(node: str) -> str:
    return _output_of(node, "-p", "process.versions.node.split('.')[0]")


def _output_of(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


@cache
def _say_once(line: str) -> None:
    LOG.warning(line)


def _machine_of(program: Path) -> str:
    try:
        with program.open("rb") as file:
            header = file.read(20)
    except OSError:
        return ""
    if re.match(rb"\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe", header):
        return "macOS"
    if header[:4] != b"\x7fELF":
        return ""
    number = int.from_bytes(header[18:20], "little")
    return f"Linux on {_ELF_MACHINES.get(number, f'machine {number}')}"


def _this_machine() -> str:
    return f"{'macOS' if sys.platform == 'darwin' else platform.system()} on {platform.machine()}"
