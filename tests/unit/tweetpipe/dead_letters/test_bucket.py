"""Objects that can't be read at once are named, and keep nobody from reading the others."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

from botocore.response import StreamingBody

from tests.unit.tweetpipe.dead_letters.doubles import EXHAUSTED
from tests.unit.tweetpipe.stubs import stubbed_place
from tweetpipe.dead_letters import Kind
from tweetpipe.dead_letters.bucket import Bucket, Objects

CONTENT = json.dumps(EXHAUSTED).encode()
STREAM = EXHAUSTED["KinesisBatchInfo"]["streamArn"].rpartition("/")[2]


def test_an_archived_object_is_named_and_the_others_are_read() -> None:
    archived, readable = "aws/lambda/archived", "aws/lambda/readable"
    with stubbed_place("s3") as place:
        s3 = place.stubbers["s3"]
        s3.add_response(
            "list_objects_v2",
            {
                "Contents": [
                    {"Key": key, "Size": len(CONTENT), "LastModified": datetime.now(UTC)}
                    for key in (archived, readable)
                ]
            },
        )
        s3.add_client_error("get_object", "InvalidObjectState", http_status_code=403)
        body = StreamingBody(io.BytesIO(CONTENT), len(CONTENT))
        s3.add_response("get_object", {"Body": body})
        # Archived after it was listed.
        s3.add_client_error("get_object", "InvalidObjectState", http_status_code=403)

        objects = Objects(place, Bucket(name="kept", stream=STREAM))
        first, second = objects.letters()
        records = objects.records(second)

    assert first.kind is Kind.UNKNOWN
    assert "restore" in first.reason
    assert archived in first.reason
    assert not first.is_deletable
    assert second.kind is Kind.EXHAUSTED
    assert records is None
