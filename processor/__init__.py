"""The Lambda function: tweets from a Kinesis batch into DynamoDB, the unusable ones into SQS.

What lies in this folder is what is deployed. `handler` is wired to AWS when it is imported;
everything else takes what it works with as arguments.
"""
