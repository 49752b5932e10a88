"""Kinesis Data Streams for LocalStack, built on the model in `streams`.

Only `provider` and `specification` depend on LocalStack. `provider` passes a call to `operations`,
which checks its arguments with `shapes` and calls its function in `lifecycle`, `changing`,
`resharding`, `putting`, `reading`, `consumers`, or `tags`. These share `service`, and store what a
stream has besides records in `details`. `wire` encodes the answer as JSON or CBOR. `store` holds
the streams of the process, also for code that reads them without calling the API.
"""
