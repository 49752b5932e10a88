"""Event source mappings: what AWS Lambda does between a Kinesis stream and a function.

The engine is pure, with an injected clock and function. Its parts, from the outside in:

    engine        all shards of a stream, parents before their children
    shard_reader  one shard, from its checkpoint on: reads, filters, and passes records to lanes
    lane          gathers the records of some partition keys into batches
    delivery      invokes the function until a batch is done or given up
    progress      what is done so far, as a checkpoint

Around it, `event` renders records for the function, `filters` and `filter_rules` select them, and
`destinations` sends batches that are given up. `worker` manages a mapping's states, with `metrics`
and `validation`. `install` puts all of it into LocalStack, and `invocations` batches the metrics
and logs of invocations.

`starting` finds where to start, `answers` reads the function's answer, `window` carries the state
of tumbling windows, all parts share `context`, and `interfaces` is what the engine is given.

The rules are those of the Lambda developer guide (docs.aws.amazon.com/lambda/latest/dg/):

- with-kinesis, services-kinesis-create: batches of one shard, up to the batch size, 6 MB, or the
  batching window; with a parallelization factor, several at once, each partition key in order;
  "Lambda keeps track of the last record processed and resumes processing from that point".
- kinesis-on-failure-destination: errors are retried until the retries are exhausted or the records
  are too old; where the function wasn't reached, only age counts. "Splitting batches doesn't
  consume the retry quota." Without a maximum age, the stream's retention is the limit.
- services-kinesis-batchfailurereporting: the lowest number reported is the checkpoint, from which
  Lambda "will immediately begin to retry"; what makes a response a success or a failure; with
  bisecting, a batch is split at the number returned, or in half if all of it has failed.
- services-kinesis-windows: windows by arrival, state, their last invocation, shard ends.

Where the guide is silent, the recordings of AWS in LocalStack's tests decide: after a partial
success, the rest of a batch gets all its retries again and its invocations are counted from zero;
expired records are given up separately from the rest of their batch, as RecordAgeExceeded, with one
invocation more than took place and without a response; a record is tried seven times in 60 seconds.
"""
