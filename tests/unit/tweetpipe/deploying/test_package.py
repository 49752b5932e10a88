from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

import tweetpipe
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.deploying import package
from tweetpipe.project import PROCESSOR_REQUIREMENTS

# The modules of tweetpipe that making a package takes.
_PACKAGING = (
    *("__init__", "project"),
    *("aws/__init__", "aws/errors", "aws/redaction"),
    *("deploying/__init__", "deploying/package"),
)


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


def test_what_was_prepared_needs_no_network(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package.prepare()
    monkeypatch.setattr(package, "_pip_install", lambda _: pytest.fail("it asked the network"))

    assert (package.build() / "dependency.py").is_file()


def test_a_deployment_leaves_the_folder_for_other_tools_alone(project: Path) -> None:
    own = {"mine/item.py": project / "processor" / "handler.py"}
    folder = package.build(own)
    package.archive()

    assert (folder / "mine" / "item.py").is_file()


def test_packages_made_at_the_same_time_are_whole(project: Path) -> None:
    for n in range(50):
        (project / "processor" / f"module{n}.py").write_text(f"answer = {n}\n")

    with ThreadPoolExecutor(4) as pool:
        made = [*pool.map(lambda _: package.archive(), range(20))]

    assert set(made) == {package.archive()}


def test_the_package_holds_sources_and_dependencies_and_nothing_else(project: Path) -> None:
    assert list(packed()) == ["dependency.py", "processor/handler.py"]


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".git/hooks/commit.py",
        ".handler.py.swp",
        ".#handler.py",
        "#handler.py#",
        "handler.py~",
        "handler (copy).py",
        "handler.orig.py",
        "4913",
        "key.pem",
        "tweets.ndjson",
        "data/words.txt",
        "a-folder/module.py",
        "__pycache__/handler.cpython-311.pyc",
    ],
)
def test_what_python_cannot_import_stays_here(project: Path, name: str) -> None:
    path = project / "processor" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("secret")

    assert set(packed()) == {"dependency.py", "processor/handler.py"}


def test_modules_of_inner_packages_and_declared_data_go_in(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "DATA", (*package.DATA, "processor/words.txt"))
    (project / "processor" / "inner").mkdir()
    for name in ("inner/__init__.py", "inner/part.py", "py.typed", "words.txt", "other.txt"):
        (project / "processor" / name).touch()

    assert set(packed()) == {
        "dependency.py",
        "processor/handler.py",
        "processor/inner/__init__.py",
        "processor/inner/part.py",
        "processor/py.typed",
        "processor/words.txt",
    }


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("module.py", "../secret.py"),
        ("module.py", "/etc/passwd"),
        ("module.py", ".env"),
        ("module.py", "module.py"),
        ("module.py", "not_there.py"),
        ("notes.txt", "../secret.py"),
        ("inner", ".."),
        ("inner", "."),
    ],
)
def test_a_link_to_anything_but_a_file_of_the_package_is_refused(
    project: Path, link: str, target: str
) -> None:
    (project / "secret.py").write_text("secret")
    (project / "processor" / ".env").write_text("secret")
    (project / "processor" / link).symlink_to(target)

    with pytest.raises(TweetpipeError, match=rf"processor/{link} is a link to {re.escape(target)}"):
        package.archive()


def test_a_link_to_a_module_is_the_module(project: Path) -> None:
    (project / "processor" / "alias.py").symlink_to("handler.py")

    assert packed()["processor/alias.py"] == b"answer = 42\n"


def test_an_editors_own_link_does_no_harm(project: Path) -> None:
    (project / "processor" / ".#handler.py").symlink_to("me@host.123")

    assert set(packed()) == {"dependency.py", "processor/handler.py"}


def test_the_list_names_what_goes_in_and_what_of_the_folder_does_not(project: Path) -> None:
    (project / "processor" / "words.txt").touch()
    (project / "processor" / ".env").touch()

    assert package.listing(package.build()).splitlines() == [
        "        6  dependency.py",
        "       12  processor/handler.py",
        " left out  processor/words.txt",
        "       18  bytes in 2 files",
    ]


def test_the_list_is_logged_for_debugging(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "tweetpipe.deploying.package"):
        package.archive()

    assert "       12  processor/handler.py" in caplog.text


def packed() -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(package.archive()))
    return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def built_elsewhere(tmp_path: Path) -> Callable[..., bytes]:
    """Builds a package of one module and one wheel, by pip and another process, anywhere."""
    wheel = tmp_path / "dependency-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        info = "dependency-1.0.dist-info"
        for name, text in {
            "dependency.py": "def main(): ...\n",
            f"{info}/METADATA": "Metadata-Version: 2.1\nName: dependency\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": "[console_scripts]\ntool = dependency:main\n",
            f"{info}/RECORD": "",
        }.items():
            archive.writestr(name, text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirement = f"--no-index\n{wheel.as_uri()} --hash=sha256:{digest}\n"

    def build(folder: Path, *, python: str = sys.executable, umask: int = 0o022, tz: str) -> bytes:
        for name in _PACKAGING:
            copy = folder / "tweetpipe" / f"{name}.py"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(tweetpipe.__path__[0], f"{name}.py"), copy)
        shutil.copytree(Path(filelock.__file__).parent, folder / "filelock")
        (folder / "processor").mkdir()
        (folder / "processor" / "handler.py").write_text("import dependency\n" * 1000)
        (folder / "requirements").mkdir()
        (folder / "requirements" / "processor.txt").write_text(requirement)
        program = "import sys; from tweetpipe.deploying import package; "
        program += "sys.stdout.buffer.write(package.archive())"
        outcome = subprocess.run(
            [python, "-c", program],
            cwd=folder,
            umask=umask,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "TZ": tz},
            capture_output=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr.decode()
        return outcome.stdout

    return build


def other_pythons() -> list[str]:
    """One interpreter of each other version that is found here, the most distant one last."""
    found: dict[int, str] = {}
    for minor in (11, 12, 13, 14):
        name = f"python3.{minor}"
        pyenv = (Path.home() / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/{name}")
        for python in [*map(str, pyenv), shutil.which(name) or ""]:
            if python and sys.version_info[1] != minor:
                found.setdefault(minor, python)
    return [found[minor] for minor in sorted(found, key=lambda it: abs(it - sys.version_info[1]))]


@pytest.mark.heavy
def test_the_same_input_gives_the_same_bytes_anywhere_and_with_another_python(
    tmp_path: Path, built_elsewhere: Callable[..., bytes]
) -> None:
    first = built_elsewhere(tmp_path / "one", tz="UTC")

    other = built_elsewhere(
        tmp_path / "another, with a longer name",
        python=[sys.executable, *other_pythons()][-1],
        umask=0o077,
        tz="Asia/Tokyo",
    )
    assert other == first
    names = zipfile.ZipFile(io.BytesIO(first)).namelist()
    assert names == [
        "dependency-1.0.dist-info/METADATA",
        "dependency.py",
        "processor/handler.py",
    ]


@pytest.mark.slow
@pytest.mark.skipif(not other_pythons(), reason="no other Python from 3.11 to 3.14 is found here")
def test_the_same_input_gives_the_same_bytes_with_any_python(
    tmp_path: Path, built_elsewhere: Callable[..., bytes]
) -> None:
    built = {
        python: built_elsewhere(tmp_path / str(n), python=python, tz="UTC")
        for n, python in enumerate([sys.executable, *other_pythons()])
    }

    assert len(set(built.values())) == 1, built.keys()


def test_the_pinned_dependencies_are_the_same_for_every_python() -> None:
    lines = PROCESSOR_REQUIREMENTS.read_text(encoding="utf-8").splitlines()

    # pip evaluates a condition for the Python it runs in, and not for the function's.
    assert not [line for line in lines if ";" in line]


def test_the_package_does_not_depend_on_the_zlib_that_compresses_elsewhere(project: Path) -> None:
    archive = zipfile.ZipFile(io.BytesIO(package.archive()))

    assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_folder_that_others_zip_is_the_same_in_any_umask_and_at_any_time(
    project: Path,
) -> None:
    (project / "processor" / "handler.py").chmod(0o700)
    before = os.umask(0o077)
    try:
        folder = package.build()
    finally:
        os.umask(before)

    found = {path: path.stat() for path in folder.rglob("*")}
    assert {stat.S_IMODE(s.st_mode) for p, s in found.items() if p.is_file()} == {0o644}
    assert {stat.S_IMODE(s.st_mode) for p, s in found.items() if p.is_dir()} == {0o755}
    assert len({s.st_mtime for s in found.values()}) == 1


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
        with pytest.raises(TweetpipeError, match=r"processor\.txt includes compiled code \(fast"):
            package.build()
