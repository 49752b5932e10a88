"""What runs inside LocalStack, under the name `localstack_embedded_plugin`.

`entry_points` is what LocalStack finds. `serving` is its web server, `functions` runs Lambda
functions, `streams` is a model of Kinesis' streams, which `kinesis` serves and `mapping` reads for
functions, and `dynamodb` makes moto's tables as strict as AWS's. `keeping` keeps what all services
hold where `kept` says that it is to. These share `calls`, `documents`, `metrics`, and `tokens`;
`cloudformation` hurries LocalStack's own. `patches` names all that is replaced in LocalStack, and
`needs` compares that with what is installed.
"""
