from __future__ import annotations

from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ProfileNotFound

from tests.unit.tweetpipe.recorder import Recorder
from tweetpipe.aws import sessions
from tweetpipe.aws.errors import NothingThere, WrongUsage
from tweetpipe.aws.place import Target, aws_place, local_place


def test_the_variable_beats_the_embedded_emulator(listening: str, silent: str) -> None:
    found = local_place(embedded_endpoint=silent, environ={"AWS_ENDPOINT_URL": listening})

    assert found.endpoint == listening


@pytest.mark.parametrize("environ", [{}, {"AWS_ENDPOINT_URL": ""}])
def test_without_it_the_embedded_emulator_is_used(environ: dict[str, str], listening: str) -> None:
    assert local_place(embedded_endpoint=listening, environ=environ).endpoint == listening


def test_without_either_there_is_no_place() -> None:
    with pytest.raises(NothingThere, match=r"run:\n  tweetpipe up$"):
        local_place(embedded_endpoint=None, environ={})


@pytest.mark.parametrize("signed_by_another", [False, True])
def test_nothing_is_sent_to_whoever_has_an_instances_port_after_it(
    signed_by_another: bool, recorder: Recorder
) -> None:
    there = True
    place = local_place(embedded_endpoint=recorder.url, environ={}, is_there=lambda: there)
    if signed_by_another:
        place = place.signed_by(access_key_id="AKIA", secret_access_key="secret")
    client = place.kinesis(Config(retries={"total_max_attempts": 1}))
    client.list_streams()
    there = False
    with pytest.raises(EndpointConnectionError):
        client.list_streams()
    assert len(recorder.requests) == 1


def test_an_emulator_that_is_named_is_there_as_long_as_it_answers(recorder: Recorder) -> None:
    place = local_place(
        embedded_endpoint=None,
        environ={"AWS_ENDPOINT_URL": recorder.url},
        is_there=lambda: False,
    )
    place.kinesis().list_streams()
    assert recorder.requests


BROKEN = {
    "AWS_PROFILE": "does-not-exist",
    "AWS_DEFAULT_PROFILE": "does-not-exist",
    "AWS_CONFIG_FILE": "unparsable",
    "AWS_SHARED_CREDENTIALS_FILE": "unparsable",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_REGION": "no region at all",
    "AWS_DEFAULT_REGION": "no region at all",
    "AWS_ENDPOINT_URL_KINESIS": "http://192.0.2.1",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "wild",
    "AWS_DEFAULTS_MODE": "wild",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "wild",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_STS_REGIONAL_ENDPOINTS": "wild",
    "AWS_CA_BUNDLE": "/no/such/file",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "wild",
}
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def test_a_local_place_uses_nothing_of_awss_configuration_and_no_proxy(
    recorder: Recorder, silent: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "unparsable").write_text("[profile\nno = end")
    for name, value in BROKEN.items():
        monkeypatch.setenv(name, value)
    for name in PROXIES:
        monkeypatch.setenv(name, silent)
    sessions._models.cache_clear()

    place = local_place(embedded_endpoint=recorder.url, environ={})
    for entered in (place, place.signed_by(access_key_id="AKIA", secret_access_key="secret")):
        entered.kinesis().list_streams()
        entered.s3().list_buckets()

    assert len(recorder.requests) == 4
    assert not [request for request in recorder.requests if "AKIAREAL" in request]


def test_the_embedded_ones_key_is_shown_to_it_and_to_nobody_else(
    recorder: Recorder, listening: str
) -> None:
    key, other = "EMBEDDED0123", "EMBEDDED4567"
    for environ, expected in (
        ({}, key),
        ({"AWS_ENDPOINT_URL": recorder.url, "AWS_ACCESS_KEY_ID": "AKIAREAL"}, key),
    ):
        place = local_place(embedded_endpoint=recorder.url, access_key_id=key, environ=environ)
        place.kinesis().list_streams()
        assert f"Credential={expected}/" in recorder.requests.pop()
    for given, expected in ((other, other), ("AKIAREAL", "test"), ("", "test")):
        named = {"AWS_ENDPOINT_URL": recorder.url, "AWS_ACCESS_KEY_ID": given}
        place = local_place(embedded_endpoint=listening, access_key_id=key, environ=named)
        place.kinesis().list_streams()
        assert f"Credential={expected}/" in recorder.requests.pop()


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
    with pytest.raises(WrongUsage, match="Set it to an address such as http://localhost:4566"):
        local_place(embedded_endpoint=None, environ={"AWS_ENDPOINT_URL": endpoint})


def test_where_nothing_listens_the_error_names_the_next_command(silent: str) -> None:
    with pytest.raises(NothingThere) as caught:
        local_place(embedded_endpoint=silent, environ={})

    message = str(caught.value)
    assert silent in message
    assert message.endswith("\n  unset AWS_ENDPOINT_URL\n  tweetpipe up")


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


def test_an_endpoint_is_shown_without_the_password_that_it_holds(listening: str) -> None:
    secret = listening.replace("://", "://me:hunter2@")

    place = local_place(embedded_endpoint=None, environ={"AWS_ENDPOINT_URL": secret})

    assert place.endpoint == secret
    assert place.address == listening.replace("://", "://(hidden)@")
