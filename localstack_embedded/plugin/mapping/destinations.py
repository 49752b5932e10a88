"""What is sent for a batch that is given up: a message about it, or an object with its records.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from .event import Events, to_json
from .interfaces import Batch, GivenUp

# Makes a client of a service, for an account and a region.
MakeClient = Callable[[str, str, str], Any]


@dataclass(frozen=True)
class Destination:
    """A mapping's OnFailure destination: a queue, a topic, or a bucket."""

    arn: str
    mapping_id: str
    function_arn: str
    stream_arn: str
    events: Events
    make_client: MakeClient
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def deliver(self, given_up: GivenUp) -> None:
        """Send a batch that is given up; raises what the service's client raises."""
        at = self.now()
        message = self._message(given_up, at)
        _, _, service, region, account, resource = self.arn.split(":", 5)
        if service == "sqs":
            queues = self.make_client(service, account, region)
            url = queues.get_queue_url(QueueName=resource)["QueueUrl"]
            queues.send_message(QueueUrl=url, MessageBody=to_json(message))
        elif service == "sns":
            topics = self.make_client(service, account, region)
            topics.publish(TopicArn=self.arn, Message=to_json(message))
        else:
            # A bucket's ARN has neither region nor account; those of the mapping reach any bucket.
            _, _, _, region, account, _ = self.function_arn.split(":", 5)
            self.make_client(service, account, region).put_object(
                Bucket=resource,
                Key=_key(self.mapping_id, given_up.batch.shard_id, at),
                Body=self._with_records(message, given_up.batch),
            )

    def _message(self, given_up: GivenUp, at: datetime) -> dict[str, Any]:
        batch, answer = given_up.batch, given_up.answer
        first, last = batch.records[0], batch.records[-1]
        message: dict[str, Any] = {
            "requestContext": {
                "requestId": (answer.request_id if answer else "") or str(uuid4()),
                "functionArn": self.function_arn,
                "condition": given_up.condition,
                # AWS counts one invocation even if records were too old before the first.
                "approximateInvokeCount": max(given_up.invoke_count, 1),
            }
        }
        if answer and given_up.condition == "RetryAttemptsExhausted":
            message["responseContext"] = {
                "statusCode": answer.status_code,
                "executedVersion": answer.executed_version,
                "functionError": answer.function_error,
            }
        return message | {
            "version": "1.0",
            "timestamp": _instant(at),
            "KinesisBatchInfo": {
                "shardId": batch.shard_id,
                "startSequenceNumber": first.sequence_number,
                "endSequenceNumber": last.sequence_number,
                "approximateArrivalOfFirstRecord": _instant(_moment(first.arrived)),
                "approximateArrivalOfLastRecord": _instant(_moment(last.arrived)),
                "batchSize": len(batch.records),
                "streamArn": self.stream_arn,
            },
        }

    def _with_records(self, message: dict[str, Any], batch: Batch) -> bytes:
        payload = self.events.of(Batch(batch.shard_id, batch.records))
        return to_json(message)[:-1].encode() + b',"payload":' + payload + b"}"


def is_there(arn: str, account: str, region: str, make_client: MakeClient) -> bool:
    """Whether the queue or topic exists, or the bucket does and the account can reach it."""
    _, _, service, *place, resource = arn.split(":", 5)
    if service != "s3":
        region, account = place
    client = make_client(service, account, region)
    try:
        if service == "sqs":
            client.get_queue_url(QueueName=resource)
        elif service == "sns":
            client.get_topic_attributes(TopicArn=arn)
        else:
            client.head_bucket(Bucket=resource)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return False
    return True


def _key(mapping_id: str, shard_id: str, at: datetime) -> str:
    return f"aws/lambda/{mapping_id}/{shard_id}/{at:%Y/%m/%d}/{at:%Y-%m-%dT%H.%M.%S}-{uuid4()}"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
