from __future__ import annotations

import argparse
import sys

import pytest

from producer import SettingsError
from tweets.fakes.x_api import auth
from tweets.fakes.x_api.command import serve
from tweets.x import Credentials
from tweets.x.errors import TRY_FAKE_X, start_fake_x


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({}, "bearer_token is not set"),
        ({"consumer_key": "k"}, "consumer_secret is not set"),
        ({"consumer_secret": "s"}, "consumer_key is not set"),
        ({"bearer_token": " "}, "bearer_token is not set"),
    ],
)
def test_what_is_missing_is_named_with_the_way_out(environ: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError, match=missing) as raised:
        Credentials.of(environ)

    *_, start, choose, settings = str(raised.value).splitlines()
    assert start == f"  {sys.executable} -m fake_tweets serve"
    assert "run this command again" in choose
    assert settings == "  export X_API_URL=http://127.0.0.1:8888 bearer_token=fake-bearer-token"


def test_the_way_out_leads_to_the_fake_x_as_it_starts_by_default() -> None:
    """`tweets.x` doesn't import the fake X, and so repeats its port and its token."""
    parser = argparse.ArgumentParser()
    with pytest.raises(SystemExit):
        serve(parser, ["--help"])
    port, token = parser.get_default("port"), auth.Credentials().bearer_token

    assert f"X_API_URL=http://127.0.0.1:{port} bearer_token={token}" in TRY_FAKE_X
    assert start_fake_x(port).endswith("serve")


@pytest.mark.parametrize(
    "environ",
    [
        {"bearer_token": "secret-token"},
        {"consumer_key": "secret-key", "consumer_secret": "secret-secret"},
    ],
)
def test_either_kind_will_do_and_shows_in_no_text(environ: dict[str, str]) -> None:
    assert "secret-" not in repr(Credentials.of(environ))


@pytest.mark.parametrize("odd", ["\n", "\r\n ", " ", "\x00", "\u2019", "\x9b", "é"])
@pytest.mark.parametrize("name", ["bearer_token", "consumer_key", "consumer_secret"])
def test_one_that_no_header_can_carry_is_refused_and_not_shown(name: str, odd: str) -> None:
    given = {"consumer_key": "kkkk", "consumer_secret": "ssss", name: f"first{odd}second"}

    with pytest.raises(SettingsError, match=f"^{name} is not valid") as refused:
        Credentials.of(given)

    assert "first" not in str(refused.value)
    assert "second" not in str(refused.value)


def test_what_surrounds_one_is_left_out() -> None:
    assert Credentials.of({"bearer_token": " AAAA%2Bbb=\n"}).bearer_token == "AAAA%2Bbb="
