"""What outlasts LocalStack, with `up --keep`, and comes back when it starts again.

`folder` is a folder of parts, all of which change at once or not at all, and refuses what it can't
vouch for; `pickling` turns objects into bytes and back, also those that pickle itself can't. These
know nothing of LocalStack. Streams keep themselves, by `streams.keeping`.

`services` finds what LocalStack's services hold and gives it back, `objects` keeps what is in S3's
buckets, `tables` the items of DynamoDB, and `mappings` the checkpoints. `keeper` writes all of it
about once a second, and `start` puts it into LocalStack.
"""
