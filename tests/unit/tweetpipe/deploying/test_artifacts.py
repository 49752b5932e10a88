"""Packages in the bucket that all stacks of an account share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from tweetpipe.aws.place import Place
from tweetpipe.deploying import artifacts
from tweetpipe.deploying.artifacts import Artifact

BUCKET = "tweetpipe-artifacts-000000000000-us-east-1"


class Shared:
    """An S3 in which `meanwhile` comes before the next call of that name, once."""

    def __init__(self, objects: set[str], meanwhile: dict[str, Any]) -> None:
        self.buckets = {BUCKET: objects}
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self._meanwhile.pop(name, lambda _: None)(self.buckets)
            return getattr(self, f"_{name}")(**arguments)

        return call

    def get_paginator(self, _name: str) -> Any:
        return SimpleNamespace(
            paginate=lambda **_: [{"Contents": [{"Key": key} for key in self.buckets[BUCKET]]}]
        )

    def _head_bucket(self, **_: Any) -> None:
        self._bucket("404", "HeadBucket")

    def _create_bucket(self, **_: Any) -> None:
        self.buckets[BUCKET] = set()

    def _put_public_access_block(self, **_: Any) -> None:
        self._bucket("NoSuchBucket", "PutPublicAccessBlock")

    def _put_object(self, *, Key: str, **_: Any) -> None:
        self._bucket("NoSuchBucket", "PutObject").add(Key)

    def _delete_object(self, *, Key: str, **_: Any) -> None:
        self._bucket("NoSuchBucket", "DeleteObject").discard(Key)

    def _delete_bucket(self, **_: Any) -> None:
        if self._bucket("NoSuchBucket", "DeleteBucket"):
            raise ClientError({"Error": {"Code": "BucketNotEmpty"}}, "DeleteBucket")
        del self.buckets[BUCKET]

    def _bucket(self, code: str, operation: str) -> set[str]:
        if BUCKET not in self.buckets:
            raise ClientError({"Error": {"Code": code}}, operation)
        return self.buckets[BUCKET]


def place(s3: Shared) -> Place:
    found = SimpleNamespace(account=lambda: "0" * 12, region="us-east-1", s3=lambda: s3)
    return cast(Place, found)


def test_a_package_is_uploaded_even_if_the_bucket_goes_meanwhile() -> None:
    s3 = Shared({"other/a.zip"}, {"put_object": lambda buckets: buckets.clear()})
    artifacts.upload(place(s3), Artifact(BUCKET, "mine/b.zip"), b"package")
    assert s3.buckets == {BUCKET: {"mine/b.zip"}}


@pytest.mark.parametrize("left", [{BUCKET: {"other/b.zip"}}, {}])
def test_a_bucket_that_others_use_or_remove_meanwhile_is_let_be(left: dict[str, set[str]]) -> None:
    def meanwhile(buckets: dict[str, set[str]]) -> None:
        buckets.clear()
        buckets.update(left)

    s3 = Shared({"mine/a.zip"}, {"delete_bucket": meanwhile})
    artifacts.remove(place(s3), "mine")
    assert s3.buckets == left
