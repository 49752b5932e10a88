"""Making the environments, with pip itself and a package that needs no download."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from localstack_embedded import environment, homes
from localstack_embedded.environment import Environment, OnStep, ensure_environment
from localstack_embedded.errors import HomeError, InstallError
from localstack_embedded.suggested import home_setting
from localstack_embedded.tests.waiting import wait_for

# The environment that they share takes seconds to make.
pytestmark = pytest.mark.heavy


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The requirements of both environments: one tiny package in the same folder."""
    return require(_tiny(tmp_path), monkeypatch)


@dataclass(frozen=True)
class Made:
    """A complete environment, its home and requirements, and the steps and failure reported."""

    home: Path
    requirements: Path
    environment: Environment
    steps: list[str]
    failure: InstallError


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made after an attempt that failed, and one that was interrupted while pip ran."""

    def interrupt(step: str) -> None:
        if step.startswith("LocalStack:"):
            raise KeyboardInterrupt

    folder = tmp_path_factory.mktemp("made")
    file, home = _tiny(folder), folder / "home"
    right = file.read_text()
    steps: list[str] = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        require(file, monkeypatch)
        file.write_text(right.replace("sha256:", "sha256:0")[: len(right)])
        with pytest.raises(InstallError) as failed:
            ensure_environment(home)
        file.write_text(right)
        with pytest.raises(KeyboardInterrupt):
            ensure_environment(home, on_step=interrupt)
        made = ensure_environment(home, on_step=steps.append)
    return Made(home, file, made, steps, failed.value)


@pytest.fixture
def made(_made: Made, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Shared by all tests that don't change it, since pip takes a while."""
    require(_made.requirements, monkeypatch)
    return _made


@contextmanager
def no_packages(*_: object) -> Iterator[SimpleNamespace]:
    """A stand-in for pip, for tests in which it needn't install anything."""
    yield SimpleNamespace(wait=lambda on_step: None)


def _tiny(folder: Path) -> Path:
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "answer = 42\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    file = folder / "requirements.txt"
    file.write_text(f"tiny @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    return file


def require(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use this file as the requirements of both environments."""
    monkeypatch.setattr(environment, "LOCALSTACK_REQUIREMENTS", file)
    monkeypatch.setattr(environment, "FUNCTION_REQUIREMENTS", file)
    return file


class MadeAgainError(Exception):
    """Raised when an environment is about to be made."""


def refuse(step: str) -> None:
    """Raise MadeAgainError before an environment is made."""
    raise MadeAgainError(step)


def output_of(python: Path, program: str) -> str:
    """What a program prints in an environment."""
    return subprocess.run(
        [python, "-c", program], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_both_environments_have_their_packages_and_one_has_the_plugin(made: Made) -> None:
    python, function_python = made.environment.python, made.environment.function_python
    find_plugin = (
        "from importlib.metadata import distributions;"
        "print(*sorted(e.name for d in distributions() for e in d.entry_points"
        " if 'localstack_embedded' in e.value))"
    )
    assert output_of(python, "import tiny; print(tiny.answer)") == "42"
    assert output_of(function_python, "import tiny; print(tiny.answer)") == "42"
    written = (environment.PLUGIN / "entry_points.txt").read_text()
    names = sorted(re.findall(r"^(\S+) = ", written, re.MULTILINE))
    assert output_of(python, find_plugin).split() == names
    assert output_of(function_python, find_plugin) == ""
    where = "import localstack_embedded_plugin as p; print(*p.__path__)"
    assert Path(output_of(python, where)).resolve() == environment.PLUGIN
    assert str(homes.HERE.parent) not in output_of(python, "import sys; print(*sys.path)")


def test_a_complete_environment_is_left_alone(made: Made) -> None:
    assert "LocalStack: package 1 of 1" in made.steps
    assert ensure_environment(made.home, on_step=refuse) == made.environment


def test_other_requirements_make_the_environment_again(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "requirements.txt"
    other.write_text(f"# another version\n{made.requirements.read_text()}")
    require(other, monkeypatch)
    stamp = (made.home / "stamp").read_text()
    with pytest.raises(MadeAgainError):
        ensure_environment(made.home, on_step=refuse)
    (made.home / "stamp").write_text(stamp)


def test_an_environment_that_was_moved_is_made_again(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.home, tmp_path / "elsewhere", symlinks=True)
    with pytest.raises(MadeAgainError):
        ensure_environment(tmp_path / "elsewhere", on_step=refuse)


def test_a_making_that_failed_with_its_reason_and_one_that_was_interrupted_are_done_again(
    made: Made,
) -> None:
    message = str(made.failure)
    assert message.startswith("pip failed: ")
    assert len(message.splitlines()) == 1
    assert str(made.home / "localstack-install.log") in message
    assert output_of(made.environment.python, "import tiny; print(tiny.answer)") == "42"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["WARNING: Retrying (Retry(total=1", "ERROR: None"], "the package index can't be reached"),
        (["x\n", "ERROR: No space left on device.\n", "y\n"], "No space left on device"),
        (["python: No module named pip\n"], "python: No module named pip"),
        ([], "it said nothing"),
    ],
)
def test_pips_output_is_told_in_a_few_words(lines: list[str], reason: str) -> None:
    assert environment._reason(lines) == reason


@pytest.mark.parametrize(
    ("reason", "first"),
    [
        ("the package index can't be reached", "Check your network, "),
        ("OSError: [Errno 28] No space left on device", "Free some space, "),
        ("anything else", "Run"),
    ],
)
def test_what_to_do_depends_on_why_pip_failed(reason: str, first: str) -> None:
    assert environment._first(reason).startswith(first)


@pytest.mark.usefixtures("requirements")
def test_two_at_once_make_one_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def make(_home: Path, on_step: OnStep) -> None:
        on_step("Creating")
        wait_for(lambda: len(steps) == 2, "the other one to come")

    monkeypatch.setattr(environment, "_make", make)

    def ensure(_: int) -> environment.Environment:
        return ensure_environment(tmp_path / "home", on_step=steps.append)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ensure, range(2))
    assert first == second
    assert sum(step.startswith("Creating") for step in steps) == 1
    assert sum(step.startswith("Waiting") for step in steps) == 1


def test_a_home_below_a_file_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(HomeError) as caught:
        ensure_environment(file / "home")
    assert str(caught.value) == (
        f"Can't use the folder {file}/home: {file} is not a folder. Choose another folder with"
        f" {home_setting()}"
    )


@pytest.mark.parametrize(
    ("there", "is_virtual", "is_managed", "remedies"),
    [
        (["ensurepip"], True, True, ["{python} -m ensurepip"]),
        (["ensurepip"], False, False, ["{python} -m ensurepip"]),
        (["ensurepip"], False, True, ["sudo apt install python3-pip"]),
        ([], False, False, ["sudo apt install python3-pip"]),
        ([], True, True, ["sudo apt install python3-venv", "{python} -m ensurepip"]),
    ],
)
def test_a_python_without_pip_is_refused_at_once_with_what_installs_it(
    there: list[str],
    is_virtual: bool,
    is_managed: bool,
    remedies: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if is_managed:
        (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(environment, "find_spec", lambda name: name if name in there else None)
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere" if is_virtual else sys.prefix)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InstallError) as caught:
        ensure_environment(tmp_path / "home")
    _, *commands = str(caught.value).splitlines()
    assert commands == [f"  {remedy.format(python=sys.executable)}" for remedy in remedies]
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("of", "name", "value", "what"),
    [
        (environment, "SUPPORTED", ((3, 9), (3, 10)), "cpython 3."),
        (sys.implementation, "name", "pypy", "pypy 3."),
        (sysconfig, "get_config_var", lambda name: 1, "free-threaded 3."),
    ],
)
def test_a_python_that_localstack_does_not_run_on_is_refused_in_one_line(
    of: object, name: str, value: object, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of, name, value)
    with pytest.raises(InstallError) as caught:
        ensure_environment(tmp_path / "home")
    assert f"{sys.executable} is {what}" in str(caught.value)
    assert str(caught.value).endswith(". Run this with another Python")
    assert not (tmp_path / "home").exists()


@pytest.mark.usefixtures("requirements")
def test_outside_a_checkout_an_environment_has_a_copy_of_the_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "plugin"
    shutil.copytree(environment.PLUGIN, installed)
    monkeypatch.setattr(environment, "PLUGIN", installed)
    monkeypatch.setattr(environment, "IS_CHECKOUT", False)
    monkeypatch.setattr(environment, "_Pip", no_packages)
    shared = environment.shared_home()
    made = ensure_environment(tmp_path / "home")
    shutil.copytree(installed, tmp_path / "elsewhere")
    shutil.rmtree(installed)
    where = "import localstack_embedded_plugin as p; print(p.__file__)"
    assert output_of(made.python, where).startswith(str(tmp_path / "home"))
    # The same distribution, installed for another program.
    monkeypatch.setattr(environment, "PLUGIN", tmp_path / "elsewhere")
    assert ensure_environment(tmp_path / "home", on_step=refuse) == made
    assert environment.shared_home() == shared
    (tmp_path / "elsewhere" / "serving" / "guard.py").write_text("# another version")
    assert environment.shared_home() != shared
    with pytest.raises(MadeAgainError):
        ensure_environment(tmp_path / "home", on_step=refuse)


def test_models_of_services_that_localstack_lacks_are_left_out(tmp_path: Path) -> None:
    information = tmp_path / "localstack_core-4.9.2.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: localstack-core\n")
    (information / "entry_points.txt").write_text(
        "[localstack.aws.provider]\nsqs:default = a:b\nkinesis:default = a:b\n"
    )
    data = tmp_path / "botocore" / "data"
    for name in ("sqs", "kinesis", "glue"):
        (data / name).mkdir(parents=True)
    (data / "endpoints.json").touch()
    environment._leave_out_models(tmp_path)
    assert {path.name for path in data.iterdir()} == {"sqs", "kinesis", "endpoints.json"}


def test_without_localstack_all_models_stay(tmp_path: Path) -> None:
    (tmp_path / "botocore" / "data" / "glue").mkdir(parents=True)
    environment._leave_out_models(tmp_path)
    assert (tmp_path / "botocore" / "data" / "glue").is_dir()
