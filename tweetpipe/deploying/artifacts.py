"""The bucket that CloudFormation fetches the function's package from.

There is one bucket per account and region. It is not part of a stack, because a stack can't delete
a bucket that has objects. `remove` deletes a stack's packages, and the bucket with the last one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tweetpipe.aws.errors import DeployFailed
from tweetpipe.aws.place import Place
from tweetpipe.project import TEMPLATE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


CODE = "Code: ../build/function"


@dataclass(frozen=True)
class Artifact:
    """An object in S3."""

    bucket: str
    key: str


def locate(place: Place, stack: str, package: bytes) -> Artifact:
    """The object for a package; its key is the hash, so equal packages share one object."""
    key = f"{stack}/{hashlib.sha256(package).hexdigest()}.zip"
    return Artifact(_bucket(place, place.account()), key)


def upload(place: Place, artifact: Artifact, package: bytes) -> None:
    """Uploads a package to where CloudFormation will look for it."""
    account = place.account()
    s3 = place.s3()

    def put() -> None:
        _ensure_bucket(s3, artifact.bucket, account, place.region)
        # Check the owner, because another account could have taken the bucket name.
        s3.put_object(
            Bucket=artifact.bucket, Key=artifact.key, Body=package, ExpectedBucketOwner=account
        )

    try:
        put()
    except ClientError as error:
        # Another process may have just removed the last package and the bucket.
        if error.response.get("Error", {}).get("Code") != "NoSuchBucket":
            raise
        put()


def remove(place: Place, stack: str) -> None:
    """Deletes a stack's packages, and the bucket if nothing else is in it."""
    account = place.account()
    try:
        _remove(place.s3(), _bucket(place, account), account, stack)
    except ClientError as error:
        # Another process may have just removed the bucket, or put a package into it.
        if error.response.get("Error", {}).get("Code") not in ("NoSuchBucket", "BucketNotEmpty"):
            raise


def _remove(s3: S3Client, bucket: str, account: str, stack: str) -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, ExpectedBucketOwner=account)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    ours = [key for key in keys if key.startswith(f"{stack}/")]
    for key in ours:
        s3.delete_object(Bucket=bucket, Key=key, ExpectedBucketOwner=account)
    if len(ours) == len(keys):
        s3.delete_bucket(Bucket=bucket, ExpectedBucketOwner=account)


def _bucket(place: Place, account: str) -> str:
    return f"tweetpipe-artifacts-{account}-{place.region}"


def template_with(artifact: Artifact) -> str:
    """The template with the function's folder replaced by its S3 object, as AWS's tools do."""
    text = TEMPLATE.read_text(encoding="utf-8")
    if text.count(CODE) != 1:
        raise DeployFailed(
            f"{TEMPLATE.name} must contain {CODE!r} exactly once, for the function's package."
        )
    return text.replace(CODE, f'Code: {{ S3Bucket: "{artifact.bucket}", S3Key: "{artifact.key}" }}')


def _ensure_bucket(s3: S3Client, bucket: str, account: str, region: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
        return
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in ("404", "NoSuchBucket"):
            raise
    # us-east-1 is the only region that must not be given here.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    place: dict[str, Any] = (
        {}
        if region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    s3.create_bucket(Bucket=bucket, **place)
    s3.put_public_access_block(
        Bucket=bucket,
        ExpectedBucketOwner=account,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
