"""What runs inside LocalStack, under the name `localstack_embedded_plugin`.

`entry_points` is what LocalStack finds, `executor` its Lambda executor, `server` its web server,
with connections by `channel`, and `resetting` empties what it holds. The rest knows nothing of
LocalStack: `guard` says which requests are served, `function_environment` plays Lambda's part for
one worker after the other, `worker` runs a process with its `output` and its `runtime_api`,
`runtimes` says which, `function_main` runs in that process, and `reaper` ends it with LocalStack.

`streams` is a model of Kinesis' streams, which imports nothing of the rest; `kinesis` serves it,
and `mapping` reads it for functions. `dynamodb` makes moto's tables as strict as AWS's.
"""
