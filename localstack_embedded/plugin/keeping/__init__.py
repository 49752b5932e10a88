"""Saves LocalStack's state, with `up --keep`, and restores it at the next start.

`folder` is a folder of parts, all of which change at once or not at all; it refuses damaged parts
and those of other versions. `pickling` turns objects into bytes and back, including some that
pickle itself can't. Both are independent of LocalStack. Streams save themselves, by
`streams.keeping`.

`services` finds and restores what LocalStack's services hold, `objects` saves the objects in S3's
buckets, and `mappings` the checkpoints. `keeper` writes all of it about once a second. `start`
restores it before LocalStack serves, and `resuming` restarts what had threads.
"""
