"""The Lambda function: stores the events of a Kinesis batch in DynamoDB, and sends unusable ones to
SQS.

This folder is deployed together with the function's part of the events' own folder. `handler`
connects to AWS on import; all other modules get their dependencies as arguments.
"""
