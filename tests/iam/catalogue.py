"""The calls that a stolen key might be used for, and the calls of the pipeline.

Every call is about a stack, and works for an administrator, so that only the policies can be the
reason for a denial.
"""

from __future__ import annotations

from typing import Any

from tests.iam.calls import Call
from tests.iam.stacks import BUCKET, LOG_STREAM, PACKAGE, SHARD, Names

StackCall = Call[Names]

_KEY = {"Username": {"S": "u"}, "Id": {"S": "1"}}
_RECORD = {"Data": b"{}", "PartitionKey": "k"}
_EVERYTHING = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
)
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def account(on: Names) -> dict[str, Any]:
    """No arguments: the call is about the whole account."""
    return {}


def _stream(on: Names) -> dict[str, Any]:
    return {"StreamName": on.stream}


def _table(on: Names) -> dict[str, Any]:
    return {"TableName": on.table}


def _item(on: Names) -> dict[str, Any]:
    return {"TableName": on.table, "Key": _KEY}


def _queue(on: Names) -> dict[str, Any]:
    return {"QueueUrl": on.queue_url}


def _function(on: Names) -> dict[str, Any]:
    return {"FunctionName": on.function}


def _secret(on: Names) -> dict[str, Any]:
    return {"SecretId": on.secret}


def _log_group(on: Names) -> dict[str, Any]:
    return {"logGroupName": on.log_group}


def _user(on: Names) -> dict[str, Any]:
    return {"UserName": on.user}


def _role(on: Names) -> dict[str, Any]:
    return {"RoleName": on.role}


def _stack(on: Names) -> dict[str, Any]:
    return {"StackName": on.stack}


_KINESIS = (
    StackCall("kinesis:PutRecord", lambda on: _stream(on) | _RECORD),
    StackCall("kinesis:PutRecords", lambda on: {"StreamARN": on.stream_arn, "Records": [_RECORD]}),
    StackCall("kinesis:DescribeStreamSummary", _stream),
    StackCall("kinesis:DescribeStream", _stream),
    StackCall("kinesis:ListShards", _stream),
    StackCall(
        "kinesis:GetShardIterator",
        lambda on: _stream(on) | {"ShardId": SHARD, "ShardIteratorType": "LATEST"},
    ),
    StackCall(
        "kinesis:GetRecords",
        # On AWS, the iterator identifies the stream; MiniStack uses the ARN.
        lambda on: {"ShardIterator": on.shard_iterator, "StreamARN": on.stream_arn},
    ),
    StackCall("kinesis:ListStreams", account),
    StackCall("kinesis:AddTagsToStream", lambda on: _stream(on) | {"Tags": {"a": "b"}}),
    StackCall(
        "kinesis:IncreaseStreamRetentionPeriod",
        lambda on: _stream(on) | {"RetentionPeriodHours": 48},
    ),
    StackCall(
        "kinesis:UpdateShardCount",
        lambda on: _stream(on) | {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"},
    ),
    StackCall(
        "kinesis:StopStreamEncryption",
        lambda on: _stream(on) | {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
    ),
    StackCall(
        "kinesis:CreateStream", lambda on: {"StreamName": f"{on.stack}-new", "ShardCount": 1}
    ),
    StackCall("kinesis:DeleteStream", _stream, destroys=True),
)

_DYNAMODB = (
    StackCall(
        "dynamodb:BatchWriteItem",
        lambda on: {"RequestItems": {on.table: [{"PutRequest": {"Item": _KEY}}]}},
    ),
    StackCall("dynamodb:PutItem", lambda on: _table(on) | {"Item": _KEY}),
    StackCall("dynamodb:GetItem", _item),
    StackCall("dynamodb:BatchGetItem", lambda on: {"RequestItems": {on.table: {"Keys": [_KEY]}}}),
    StackCall(
        "dynamodb:Query",
        lambda on: (
            _table(on)
            | {
                "KeyConditionExpression": "Username = :u",
                "ExpressionAttributeValues": {":u": {"S": "u"}},
            }
        ),
    ),
    StackCall("dynamodb:Scan", _table),
    StackCall(
        "dynamodb:UpdateItem",
        lambda on: (
            _item(on)
            | {
                "UpdateExpression": "SET Message = :m",
                "ExpressionAttributeValues": {":m": {"S": "m"}},
            }
        ),
    ),
    StackCall("dynamodb:DescribeTable", _table),
    StackCall("dynamodb:ListTables", account),
    StackCall(
        "dynamodb:UpdateContinuousBackups",
        lambda on: (
            _table(on) | {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}
        ),
    ),
    StackCall("dynamodb:DeleteItem", _item, destroys=True),
    StackCall("dynamodb:DeleteTable", _table, destroys=True),
)

_SQS = (
    StackCall("sqs:SendMessage", lambda on: _queue(on) | {"MessageBody": "m"}),
    StackCall("sqs:ReceiveMessage", _queue),
    StackCall("sqs:GetQueueAttributes", lambda on: _queue(on) | {"AttributeNames": ["All"]}),
    StackCall(
        "sqs:SetQueueAttributes",
        lambda on: _queue(on) | {"Attributes": {"MessageRetentionPeriod": "60"}},
    ),
    StackCall("sqs:ListQueues", account),
    StackCall("sqs:PurgeQueue", _queue, destroys=True),
    StackCall("sqs:DeleteQueue", _queue, destroys=True),
)

_LAMBDA = (
    StackCall(
        "lambda:InvokeFunction",
        lambda on: _function(on) | {"Payload": b'{"Records": []}'},
        operation="Invoke",
    ),
    StackCall("lambda:GetFunction", _function),
    StackCall("lambda:UpdateFunctionConfiguration", lambda on: _function(on) | {"Timeout": 30}),
    StackCall(
        "lambda:AddPermission",
        lambda on: (
            _function(on)
            | {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
        ),
    ),
    StackCall("lambda:ListFunctions", account),
    StackCall("lambda:ListEventSourceMappings", _function),
    StackCall("lambda:DeleteFunction", _function, destroys=True),
)

_IAM = (
    StackCall("iam:ListUsers", account),
    StackCall("iam:GetUser", _user),
    StackCall("iam:CreateUser", lambda on: {"UserName": f"{on.stack}-new"}),
    StackCall("iam:CreateAccessKey", _user),
    StackCall("iam:GetRole", _role),
    StackCall("sts:AssumeRole", lambda on: {"RoleArn": on.role_arn, "RoleSessionName": "session"}),
    StackCall(
        "iam:PutUserPolicy",
        lambda on: _user(on) | {"PolicyName": "p", "PolicyDocument": _EVERYTHING},
        destroys=True,
    ),
    StackCall(
        "iam:AttachUserPolicy", lambda on: _user(on) | {"PolicyArn": _ADMINISTRATOR}, destroys=True
    ),
    StackCall(
        "iam:PutRolePolicy",
        lambda on: _role(on) | {"PolicyName": "p", "PolicyDocument": _EVERYTHING},
        destroys=True,
    ),
    StackCall(
        "iam:AttachRolePolicy", lambda on: _role(on) | {"PolicyArn": _ADMINISTRATOR}, destroys=True
    ),
)

_OTHERS = (
    StackCall("secretsmanager:GetSecretValue", _secret),
    StackCall("secretsmanager:ListSecrets", account),
    StackCall("secretsmanager:PutSecretValue", lambda on: _secret(on) | {"SecretString": "s"}),
    StackCall("secretsmanager:DeleteSecret", _secret, destroys=True),
    StackCall("s3:ListAllMyBuckets", account, operation="ListBuckets"),
    StackCall("s3:CreateBucket", lambda on: {"Bucket": f"{on.stack}-new"}),
    StackCall("s3:ListBucket", lambda on: {"Bucket": BUCKET}, operation="ListObjectsV2"),
    StackCall("s3:GetObject", lambda on: {"Bucket": BUCKET, "Key": PACKAGE}),
    StackCall("s3:PutObject", lambda on: {"Bucket": BUCKET, "Key": on.stack}),
    StackCall("s3:DeleteObject", lambda on: {"Bucket": BUCKET, "Key": on.stack}, destroys=True),
    StackCall("logs:CreateLogStream", lambda on: _log_group(on) | {"logStreamName": "new"}),
    StackCall(
        "logs:PutLogEvents",
        lambda on: (
            _log_group(on)
            | {"logStreamName": LOG_STREAM, "logEvents": [{"timestamp": 1, "message": "m"}]}
        ),
    ),
    StackCall("logs:DescribeLogGroups", account),
    StackCall("logs:FilterLogEvents", _log_group),
    StackCall("logs:CreateLogGroup", lambda on: {"logGroupName": f"{on.stack}-new"}),
    StackCall("logs:DeleteLogGroup", _log_group, destroys=True),
    StackCall("cloudformation:DescribeStacks", _stack),
    StackCall("cloudformation:GetTemplate", _stack),
    StackCall("cloudformation:DeleteStack", _stack, destroys=True),
    StackCall("kms:CreateKey", account),
    StackCall("kms:ListKeys", account),
    StackCall("sns:CreateTopic", lambda on: {"Name": f"{on.stack}-new"}),
    StackCall("cloudwatch:DescribeAlarms", account),
    StackCall(
        "cloudwatch:PutMetricData",
        lambda on: {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0}]},
    ),
    StackCall("ec2:DescribeInstances", account),
    StackCall("ssm:DescribeParameters", account),
)

CALLS = (*_KINESIS, *_DYNAMODB, *_SQS, *_LAMBDA, *_IAM, *_OTHERS)
