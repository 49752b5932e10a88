from __future__ import annotations

import pytest
from botocore.exceptions import ProfileNotFound

from tweetpipe import place
from tweetpipe.errors import NothingThere, WrongUsage
from tweetpipe.place import Target, aws_place, local_place


def test_the_variable_beats_the_embedded_emulator(listening: str, silent: str) -> None:
    found = local_place(embedded_endpoint=silent, environ={"AWS_ENDPOINT_URL": listening})

    assert found.endpoint == listening


def test_the_embedded_emulator_beats_the_default(
    listening: str, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "LOCAL_ENDPOINT", silent)

    assert local_place(embedded_endpoint=listening, environ={}).endpoint == listening


@pytest.mark.parametrize("environ", [{}, {"AWS_ENDPOINT_URL": ""}])
def test_without_either_the_default_is_used(
    environ: dict[str, str], listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "LOCAL_ENDPOINT", listening)

    assert local_place(embedded_endpoint=None, environ=environ).endpoint == listening


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://kinesis.us-east-1.amazonaws.com",
        "https://KINESIS.us-east-1.AmazonAWS.com:443/",
        "https://kinesis.cn-north-1.amazonaws.com.cn",
    ],
)
def test_aws_itself_is_no_local_place(endpoint: str) -> None:
    with pytest.raises(WrongUsage, match="which is AWS itself"):
        local_place(embedded_endpoint=None, environ={"AWS_ENDPOINT_URL": endpoint})


@pytest.mark.parametrize(
    "endpoint",
    [
        "localhost:4566",
        "4566",
        "http://",
        "ftp://localhost:4566",
        "http://localhost:99999",
        "http://[::1",
    ],
)
def test_an_endpoint_that_is_no_address_is_wrong_usage(endpoint: str) -> None:
    with pytest.raises(WrongUsage, match="is no address such as http://localhost:4566"):
        local_place(embedded_endpoint=None, environ={"AWS_ENDPOINT_URL": endpoint})


def test_where_nothing_listens_the_error_names_the_next_command(silent: str) -> None:
    with pytest.raises(NothingThere) as caught:
        local_place(embedded_endpoint=silent, environ={})

    message = str(caught.value)
    assert silent in message
    assert message.endswith("docker compose up.")
    assert "\n" not in message


def test_a_local_place_reads_no_profile_and_no_credentials(
    listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    found = local_place(embedded_endpoint=listening)

    credentials = found.session.get_credentials()
    assert credentials is not None
    assert credentials.access_key == "test"
    assert found.kinesis().meta.endpoint_url == listening
    assert found.kinesis().meta.region_name == "us-east-1"


def test_another_identity_enters_the_same_place(
    listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    entered = local_place(embedded_endpoint=listening).signed_by(
        access_key_id="AKIAPRODUCER", secret_access_key="secret"
    )

    credentials = entered.session.get_credentials()
    assert credentials is not None
    assert credentials.access_key == "AKIAPRODUCER"
    assert (entered.target, entered.endpoint) == (Target.LOCAL, listening)


def test_aws_needs_a_region() -> None:
    with pytest.raises(WrongUsage, match="No AWS region is set"):
        aws_place()


def test_aws_follows_the_ordinary_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    found = aws_place()

    assert (found.target, found.endpoint, found.region) == (Target.AWS, None, "eu-central-1")


def test_aws_needs_the_profile_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")

    with pytest.raises(ProfileNotFound):
        aws_place()


def test_aws_region_counts_before_the_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")

    assert aws_place().region == "ap-northeast-2"


def test_an_endpoint_in_the_place_of_aws_is_named(
    monkeypatch: pytest.MonkeyPatch, listening: str
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert aws_place().aws_endpoint() is None

    monkeypatch.setenv("AWS_ENDPOINT_URL", listening)
    assert aws_place().aws_endpoint() == listening
