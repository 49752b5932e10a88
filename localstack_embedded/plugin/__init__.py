"""What runs inside LocalStack, under the name `localstack_embedded_plugin`.

`entry_points` is what LocalStack finds, `server` its web server,
with connections by `channel`, and `resetting` empties what it holds. `guard` says which requests
are served. `functions` is what runs Lambda functions.

`streams` is a model of Kinesis' streams, which imports nothing of the rest; `kinesis` serves it,
and `mapping` reads it for functions. `dynamodb` makes moto's tables as strict as AWS's.
"""
