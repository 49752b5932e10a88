"""Homes that another user has prepared, or can still change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from localstack_embedded import HomeError, ensure_environment, ownership, start, status, stop
from localstack_embedded.lock import held
from localstack_embedded.tests.fake_localstack import make_environment

USES: dict[str, Callable[[Path], object]] = {
    "start": start,
    "stop": stop,
    "status": status,
    "its environment": ensure_environment,
    "the environment of another's": lambda home: start(
        home.parent / "own", environment_home=home, timeout=5
    ),
}


@pytest.fixture(params=USES)
def use(request: pytest.FixtureRequest) -> Callable[[Path], object]:
    return USES[request.param]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose LocalStack leaves a file when it is run."""
    return make_environment(
        tmp_path / "home", f"open({str(tmp_path / 'ran')!r}, 'w').close(); sys.exit()"
    )


def assert_refused(use: Callable[[Path], object], home: Path, saying: str) -> None:
    with pytest.raises(HomeError, match=saying):
        use(home)
    assert not (home.parent / "ran").exists()


def test_a_home_of_another_user_is_not_used(
    use: Callable[[Path], object], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = home.stat().st_uid
    monkeypatch.setattr(ownership, "_trusted_users", lambda: {owner + 1})
    assert_refused(
        use, home, r"(?s)belongs to the user .*hoose another folder.*:\n  sudo chown -h \d+ /"
    )


@pytest.mark.parametrize("place", [".", "localstack"])
def test_a_home_that_others_can_write_to_is_not_used(
    use: Callable[[Path], object], home: Path, place: str
) -> None:
    (home / place).chmod(0o777)
    assert_refused(use, home, r"can be changed by other users.*:\n  chmod go-w /")


def test_a_link_to_a_home_that_others_can_write_to_is_no_better(
    use: Callable[[Path], object], home: Path
) -> None:
    home.chmod(0o777)
    link = home.with_name("link")
    link.symlink_to(home)
    assert_refused(use, link, "home can be changed by other users")


def test_a_home_that_others_can_replace_is_not_used(
    use: Callable[[Path], object], home: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    assert_refused(use, home, "can be changed by other users")
    tmp_path.chmod(0o1777)  # as /tmp is
    ownership.require_own(home)


@pytest.mark.parametrize(("is_own", "mode"), [(True, 0o775), (False, 0o755)])
def test_a_group_of_the_users_own_may_write(
    is_own: bool, mode: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_is_users_own_group", lambda _: is_own)
    home.chmod(mode)
    ownership.require_own(home)
    home.chmod(0o775)
    if not is_own:
        with pytest.raises(HomeError, match="can be changed by other users"):
            ownership.require_own(home)


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_home_in_the_project_is_no_better_than_the_project(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_environment(tmp_path / "project" / ".localstack", "serve()")
    home.chmod(0o777)
    home.parent.chmod(mode)
    monkeypatch.setattr(ownership, "_PROJECT", home.parent)
    if mode == 0o777:
        ownership.require_own(home)
    else:
        with pytest.raises(HomeError, match="can be changed by other users"):
            ownership.require_own(home)


def test_a_new_home_is_the_users_alone(tmp_path: Path) -> None:
    home = tmp_path / "new"
    with held(home / "any.lock", lambda: None):
        assert home.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_users_share_is_not_closed_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o1777)  # as /tmp is
    ownership.close_to_others(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o777
    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    ownership.close_to_others(tmp_path)  # as for a folder that root made for all
    assert tmp_path.stat().st_mode & 0o777 == 0o755
