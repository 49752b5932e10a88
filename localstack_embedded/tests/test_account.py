"""What `running` gives to programs, with a small program in place of LocalStack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack_embedded import Account, StartError, find, running, start, stop
from localstack_embedded.tests.fake_localstack import make_environment


@pytest.fixture
def environment_home(tmp_path: Path) -> Path:
    """A home with only an environment."""
    return make_environment(tmp_path / "environment", "serve()")


@pytest.fixture
def account(environment_home: Path) -> Iterator[Account]:
    """The default account of a running LocalStack."""
    with running(environment_home=environment_home) as account:
        yield account


def test_it_is_gone_after_the_block_with_its_home(environment_home: Path) -> None:
    with running(environment_home=environment_home) as account:
        assert account.instance.version == "4.9.2"
        assert account.home.exists()
    assert not account.home.exists()
    with pytest.raises(
        StartError, match=r"^LocalStack no longer runs in .*\. To start it, run:\n  "
    ):
        account.client("s3")


def test_it_ends_with_an_error_in_the_block(environment_home: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        running(environment_home=environment_home) as account,
    ):
        raise ZeroDivisionError
    assert find(account.home) is None


def test_one_that_ran_before_goes_on(environment_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    before = start(home, environment_home=environment_home, port=0)
    try:
        with running(home, environment_home=environment_home) as account:
            assert account.instance.pid == before.pid
        assert find(home)
    finally:
        stop(home)


def test_two_at_once_have_a_port_each(account: Account, environment_home: Path) -> None:
    with running(environment_home=environment_home) as other:
        assert other.instance.port != account.instance.port


def test_nothing_of_the_users_configuration_counts_for_a_client(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nrole_arn = x\nsource_profile = gone\nuse_fips_endpoint = true\n")
    for name, value in {
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "gone",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    s3 = account.client("s3", region_name="eu-west-1")
    assert s3.list_buckets()["Buckets"] == []
    assert s3.meta.region_name == "eu-west-1"


def test_another_account_is_named_by_its_number_and_let_in_by_the_key(account: Account) -> None:
    first, second = account.another(), account.another()
    assert first.id != second.id
    assert len(first.id) == 12
    assert first.id.isdecimal()
    assert first.variables == account.variables | {
        "AWS_ACCESS_KEY_ID": first.id,
        "AWS_SESSION_TOKEN": account.variables["AWS_ACCESS_KEY_ID"],
    }
    assert "AWS_SESSION_TOKEN" not in account.variables
    assert os.environ.get("AWS_ENDPOINT_URL") != first.variables["AWS_ENDPOINT_URL"]
