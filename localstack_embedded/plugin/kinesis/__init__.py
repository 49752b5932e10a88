"""Kinesis Data Streams, as LocalStack serves them, on the model in `streams`.

Only `provider` and `specification` know LocalStack. A call goes from there to `operations`, which
has its arguments checked by `shapes` and finds the function for it: in `lifecycle`, `changing`,
`resharding`, `putting`, `reading`, `consumers`, or `tags`. These share `service`, and keep what a
stream has besides records in `details`. `wire` writes the answer, in JSON or CBOR. `store` holds
the streams of the process, for whoever reads them without calls.
"""
