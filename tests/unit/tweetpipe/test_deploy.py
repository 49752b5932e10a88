from __future__ import annotations

from pathlib import Path

import pytest

from tweetpipe import deploy
from tweetpipe.artifacts import Artifact
from tweetpipe.errors import DeployFailed

ARTIFACT = Artifact("a-bucket", "tweets/abc.zip")


def test_the_template_names_the_uploaded_package() -> None:
    text = deploy.template_with(ARTIFACT)

    assert 'Code: { S3Bucket: "a-bucket", S3Key: "tweets/abc.zip" }' in text
    assert deploy.CODE not in text


@pytest.mark.parametrize("times", [0, 2])
def test_a_template_without_one_place_for_the_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(f"{deploy.CODE}\n" * times)
    monkeypatch.setattr(deploy, "TEMPLATE", template)

    with pytest.raises(DeployFailed, match=r"template\.yaml must say"):
        deploy.template_with(ARTIFACT)
