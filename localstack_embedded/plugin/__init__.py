"""The code that runs inside LocalStack, as the package `localstack_embedded_plugin`.

`entry_points` has the plugins that LocalStack finds. `serving` is its web server, and `functions`
runs Lambda functions. `streams` is a model of Kinesis streams, which `kinesis` serves and `mapping`
reads for functions. `dynamodb` makes moto's tables as strict as AWS's. `keeping` saves the state of
all services if `kept` names a folder for it. These share `calls`, `documents`, `metrics`, and
`tokens`. `cloudformation` corrects and speeds up LocalStack's own. `patches` lists what is replaced
in LocalStack, and `needs` compares that with what is installed.
"""
