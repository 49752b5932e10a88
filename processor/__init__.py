"""The Lambda function: events from a Kinesis batch into DynamoDB, the unusable ones into SQS.

What lies in this folder is deployed, and beside it what the events' own folder has for the
function. `handler` is wired to AWS when it is imported; everything else takes what it works with as
arguments.
"""
