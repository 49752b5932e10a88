"""What deploying and using a stack needs on AWS, resource by resource.

CloudFormation uses the permissions of its caller. A type's schema lists its calls under "handlers";
the lists here have those for reading and for the properties that the template sets. The schemas of
IAM's users and keys, alarms, consumers, scaling, and dashboards weren't available; those lists come
from the API of the resource. MiniStack's CloudFormation checks none of these calls, so a missing
one would fail on AWS at first use.
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.iam.identities import ACCOUNT, REGION

_HERE = f"{REGION}:{ACCOUNT}"
_BUCKET = f"arn:aws:s3:::tweetpipe-artifacts-{ACCOUNT}-{REGION}"


@dataclass(frozen=True, kw_only=True)
class Need:
    """Actions on one resource; `{stack}` in its ARN is replaced by the stack's name."""

    resource: str
    actions: frozenset[str]


def _need(resource: str, service: str, actions: str) -> Need:
    named = frozenset(f"{service}:{action}" for action in actions.split())
    return Need(resource=resource, actions=named)


# Has no name that a policy could be limited to, or would allow too much with a name alone.
CONDITIONAL = {
    "lambda:CreateEventSourceMapping": {"ArnLike": {"lambda:FunctionArn"}},
    "lambda:DeleteEventSourceMapping": {"ArnLike": {"lambda:FunctionArn"}},
    "lambda:GetEventSourceMapping": {"ArnLike": {"lambda:FunctionArn"}},
    "lambda:UpdateEventSourceMapping": {"ArnLike": {"lambda:FunctionArn"}},
    "iam:CreateRole": {"ArnLike": {"iam:PermissionsBoundary"}},
    "iam:CreateUser": {"ArnLike": {"iam:PermissionsBoundary"}},
    "iam:PutRolePermissionsBoundary": {"ArnLike": {"iam:PermissionsBoundary"}},
    "iam:PutRolePolicy": {"ArnLike": {"iam:PermissionsBoundary"}},
    "iam:PutUserPermissionsBoundary": {"ArnLike": {"iam:PermissionsBoundary"}},
    "iam:PutUserPolicy": {"ArnLike": {"iam:PermissionsBoundary"}},
    "iam:PassRole": {"StringEquals": {"iam:PassedToService"}},
    "iam:CreateServiceLinkedRole": {"StringEquals": {"iam:AWSServiceName"}},
    "application-autoscaling:DeleteScalingPolicy": {
        "StringEquals": {"application-autoscaling:service-namespace"}
    },
    "application-autoscaling:DeregisterScalableTarget": {
        "StringEquals": {"application-autoscaling:service-namespace"}
    },
    "application-autoscaling:PutScalingPolicy": {
        "StringEquals": {"application-autoscaling:service-namespace"}
    },
    "application-autoscaling:RegisterScalableTarget": {
        "StringEquals": {"application-autoscaling:service-namespace"}
    },
}
# These have no name either, but only read.
READS_OF_ALL = frozenset(
    {
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "cloudformation:DescribeStackDriftDetectionStatus",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "lambda:ListEventSourceMappings",
        "logs:DescribeLogGroups",
    }
)

_STREAM = f"arn:aws:kinesis:{_HERE}:stream/{{stack}}-EventStream-1A2B3C"
_TABLE = f"arn:aws:dynamodb:{_HERE}:table/{{stack}}-EventData"
_QUEUE = f"arn:aws:sqs:{_HERE}:{{stack}}-DeadLetters"
_FUNCTION = f"arn:aws:lambda:{_HERE}:function:{{stack}}-DDBEventProcessor"
_LOG = f"arn:aws:logs:{_HERE}:log-group:/aws/lambda/{{stack}}-DDBEventProcessor:*"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{{stack}}-ProcessorRole-1A2B3C"
_USER = f"arn:aws:iam::{ACCOUNT}:user/{{stack}}-Producer-1A2B3C"

BY_TYPE: dict[str, tuple[Need, ...]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (),
    "AWS::CloudWatch::Alarm": (
        _need(
            f"arn:aws:cloudwatch:{_HERE}:alarm:{{stack}}-Errors",
            "cloudwatch",
            "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
        ),
    ),
    "AWS::CloudWatch::Dashboard": (
        _need(
            f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{stack}}",
            "cloudwatch",
            "DeleteDashboards GetDashboard PutDashboard",
        ),
    ),
    "AWS::DynamoDB::Table": (
        _need(
            _TABLE,
            "dynamodb",
            "CreateTable DeleteResourcePolicy DeleteTable DescribeContinuousBackups"
            " DescribeContributorInsights DescribeKinesisStreamingDestination DescribeTable"
            " DescribeTimeToLive GetResourcePolicy ListTagsOfResource PutResourcePolicy TagResource"
            " UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive",
        ),
    ),
    "AWS::IAM::AccessKey": (
        _need(
            _USER, "iam", "CreateAccessKey DeleteAccessKey ListAccessKeys UpdateAccessKey GetUser"
        ),
    ),
    # Without CreatePolicyVersion: by changing a policy that is attached to another identity, the
    # deployer would get that identity's permissions. It can't be deleted while attached.
    "AWS::IAM::ManagedPolicy": (
        _need(
            f"arn:aws:iam::{ACCOUNT}:policy/{{stack}}-ProducerPolicy-1A2B3C",
            "iam",
            "CreatePolicy DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion"
            " ListEntitiesForPolicy ListPolicyVersions",
        ),
    ),
    "AWS::IAM::Role": (
        _need(
            _ROLE,
            "iam",
            "DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies"
            " ListRolePolicies TagRole UntagRole UpdateAssumeRolePolicy UpdateRole"
            " UpdateRoleDescription",
        ),
    ),
    "AWS::IAM::User": (
        _need(
            _USER,
            "iam",
            "DeleteUser DeleteUserPolicy GetLoginProfile GetUser GetUserPolicy ListAccessKeys"
            " ListAttachedUserPolicies ListGroupsForUser ListUserPolicies TagUser UntagUser",
        ),
    ),
    "AWS::Kinesis::ResourcePolicy": (
        _need(_STREAM, "kinesis", "DeleteResourcePolicy GetResourcePolicy PutResourcePolicy"),
    ),
    "AWS::Kinesis::Stream": (
        _need(
            _STREAM,
            "kinesis",
            "AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteStream"
            " DescribeStream DescribeStreamSummary IncreaseStreamRetentionPeriod"
            " ListTagsForResource ListTagsForStream RemoveTagsFromStream StartStreamEncryption"
            " StopStreamEncryption TagResource UntagResource UpdateMaxRecordSize UpdateShardCount"
            " UpdateStreamMode UpdateStreamRecordDistributionStrategy"
            " UpdateStreamWarmThroughput",
        ),
    ),
    "AWS::Kinesis::StreamConsumer": (
        _need(_STREAM, "kinesis", "RegisterStreamConsumer DescribeStreamConsumer"),
        _need(
            f"{_STREAM}/consumer/{{stack}}-DDBEventProcessor:1",
            "kinesis",
            "DeregisterStreamConsumer DescribeStreamConsumer ListTagsForResource TagResource",
        ),
    ),
    "AWS::Lambda::EventSourceMapping": (
        _need(
            f"arn:aws:lambda:{_HERE}:event-source-mapping:1a2b3c",
            "lambda",
            "ListTags TagResource UntagResource",
        ),
    ),
    "AWS::Lambda::Function": (
        _need(
            _FUNCTION,
            "lambda",
            "CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction"
            " GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionRecursionConfig"
            " GetRuntimeManagementConfig ListTags PutFunctionConcurrency TagResource"
            " UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
        ),
        _need(f"{_BUCKET}/{{stack}}/1a2b3c.zip", "s3", "GetObject"),
    ),
    "AWS::Logs::LogGroup": (
        _need(
            _LOG,
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy"
            " DisassociateKmsKey GetDataProtectionPolicy ListTagsForResource ListTagsLogGroup"
            " PutRetentionPolicy TagLogGroup TagResource UntagLogGroup UntagResource",
        ),
    ),
    "AWS::SNS::Topic": (
        _need(
            f"arn:aws:sns:{_HERE}:{{stack}}-AlarmTopic-1A2B3C",
            "sns",
            "CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes"
            " ListSubscriptionsByTopic ListTagsForResource SetTopicAttributes Subscribe"
            " TagResource Unsubscribe UntagResource",
        ),
    ),
    "AWS::SQS::Queue": (
        _need(
            _QUEUE,
            "sqs",
            "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags"
            " SetQueueAttributes TagQueue UntagQueue",
        ),
    ),
    "AWS::SQS::QueuePolicy": (_need(_QUEUE, "sqs", "GetQueueAttributes SetQueueAttributes"),),
    "AWS::SecretsManager::Secret": (
        _need(
            f"arn:aws:secretsmanager:{_HERE}:secret:{{stack}}-ProducerSecret-1A2B3C",
            "secretsmanager",
            "CreateSecret DeleteSecret DescribeSecret GetSecretValue TagResource UntagResource"
            " UpdateSecret",
        ),
    ),
}

# Calls of the commands.
BY_COMMAND: dict[str, tuple[Need, ...]] = {
    "deploy and destroy": (
        _need(_BUCKET, "s3", "CreateBucket DeleteBucket ListBucket PutBucketPublicAccessBlock"),
        _need(f"{_BUCKET}/{{stack}}/1a2b3c.zip", "s3", "DeleteObject PutObject"),
        _need(
            f"arn:aws:cloudformation:{_HERE}:stack/{{stack}}/1a2b3c",
            "cloudformation",
            "CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents"
            " DescribeStackResourceDrifts DescribeStacks DetectStackDrift ExecuteChangeSet"
            " ListChangeSets",
        ),
    ),
    "logs": (_need(_LOG, "logs", "FilterLogEvents"),),
    "status, watch and dashboard": (
        _need(_STREAM, "kinesis", "DescribeStreamSummary GetRecords GetShardIterator ListShards"),
        _need(_FUNCTION, "lambda", "GetFunctionConcurrency"),
        _need(_TABLE, "dynamodb", "BatchGetItem DescribeTable"),
        _need(_QUEUE, "sqs", "GetQueueAttributes"),
        _need(_LOG, "logs", "FilterLogEvents"),
    ),
    "query and verify": (_need(_TABLE, "dynamodb", "BatchGetItem Query Scan"),),
    "dead-letters": (
        _need(_QUEUE, "sqs", "ChangeMessageVisibility DeleteMessage ReceiveMessage"),
        _need(_STREAM, "kinesis", "GetRecords GetShardIterator ListShards"),
        _need(_FUNCTION, "lambda", "InvokeFunction"),
    ),
}


def all_needs() -> Iterator[Need]:
    for needs in (*BY_TYPE.values(), *BY_COMMAND.values()):
        yield from needs
