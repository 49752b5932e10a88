from __future__ import annotations

import pytest

from producer import SettingsError
from producer.x import Credentials


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

    assert "--source fake" in str(raised.value)


@pytest.mark.parametrize(
    "environ",
    [
        {"bearer_token": "secret-token"},
        {"consumer_key": "secret-key", "consumer_secret": "secret-secret"},
    ],
)
def test_either_kind_will_do_and_shows_in_no_text(environ: dict[str, str]) -> None:
    assert "secret-" not in repr(Credentials.of(environ))
