from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tweetpipe.stubs import complete_stack, stubbed_place
from tweetpipe.aws.errors import DeployFailed, WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.deploying import artifacts, deploy, emulated
from tweetpipe.deploying.artifacts import Artifact
from tweetpipe.deploying.emulated import Difference

ARTIFACT = Artifact("a-bucket", "tweets/abc.zip")


def test_the_template_names_the_uploaded_package() -> None:
    text = artifacts.template_with(ARTIFACT)

    assert 'Code: { S3Bucket: "a-bucket", S3Key: "tweets/abc.zip" }' in text
    assert artifacts.CODE not in text


@pytest.mark.parametrize("times", [0, 2])
def test_a_template_without_one_place_for_the_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(f"{artifacts.CODE}\n" * times)
    monkeypatch.setattr(artifacts, "TEMPLATE", template)

    with pytest.raises(DeployFailed, match=r"template\.yaml must contain"):
        artifacts.template_with(ARTIFACT)


@pytest.mark.parametrize("is_new", [True, False])
def test_what_an_emulator_cannot_have_is_said_of_a_new_stack_and_fails_an_update(
    monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    left = Difference(logical_id="EventData", property="BillingMode", wanted="B", found="A")
    monkeypatch.setattr(emulated, "put_right", lambda *_: [left])
    said: list[str] = []
    deployed = replace(complete_stack(), parameters={"ShardCount": "4", "BatchSize": "500"})
    with stubbed_place() as place:
        if is_new:
            assert deploy._put_right(place, deployed, b"", said.append, is_new=True)
            assert said == [
                "Not supported by the emulator: EventData: BillingMode is A instead of B"
            ]
        else:
            with pytest.raises(
                DeployFailed,
                match=r"EventData: BillingMode is A instead of B\. .*run:\n"
                r"  tweetpipe destroy\n  tweetpipe deploy -p ShardCount=4$",
            ):
                deploy._put_right(place, deployed, b"", said.append, is_new=False)


UNRESOLVED = (
    "CloudFormation rejected this: Template format error: Unresolved resource dependencies [{}] in "
    "the Resources block of the template"
)


def test_an_update_that_only_the_emulator_refuses_leads_to_a_new_stack() -> None:
    existing = replace(complete_stack(), parameters={"ShardCount": "4", "ProducerUser": "true"})
    refusal = WrongUsage(UNRESOLVED.format("ProducerAccessKey"))
    with (
        stubbed_place() as place,
        pytest.raises(
            DeployFailed,
            match=r"can't add or remove ProducerAccessKey in an existing stack\. Nothing was "
            r"changed\. .*run:\n  tweetpipe destroy\n"
            r"  tweetpipe deploy -p ShardCount=4 -p ProducerUser=false$",
        ),
        emulated.limits_explained(place, existing, {"ProducerUser": "false"}),
    ):
        raise refusal


@pytest.mark.parametrize(
    ("target", "is_new", "missing"),
    [
        (Target.AWS, False, "ProducerAccessKey"),
        (Target.LOCAL, True, "ProducerAccessKey"),
        (Target.LOCAL, False, "Misspelled"),
        (Target.LOCAL, False, "ProducerAccessKey, Misspelled"),
    ],
)
def test_an_update_that_is_wrong_is_not_blamed_on_the_emulator(
    target: Target, is_new: bool, missing: str
) -> None:
    refusal = WrongUsage(UNRESOLVED.format(missing))
    existing = None if is_new else complete_stack()
    with (
        stubbed_place() as local,
        pytest.raises(WrongUsage) as raised,
        emulated.limits_explained(replace(local, target=target), existing, {}),
    ):
        raise refusal

    assert raised.value is refusal
