"""What AWS's Lambda does between a Kinesis stream and a function.

The engine is pure, with an injected clock and function, and is made of these, from the outside in:

    engine        all shards of a stream, parents before their children
    shard_reader  one shard, from its checkpoint on: reads, filters, and hands on to lanes
    lane          gathers the records of some partition keys into batches
    delivery      invokes the function until a batch is done or given up
    progress      what is done so far, as a checkpoint

Around it, `event` and `filters` with its `filter_rules` know records, `destinations` takes batches
that are given up, `worker` is a mapping's life with `metrics` and `validation`, and `install` puts
all of it into LocalStack, with `invocations` to make that cheap.

`starting` finds where to begin, `answers` reads the function's answer, `window` carries the state
of tumbling windows, `context` is what all share, and `interfaces` what the engine is given.

The rules are the Lambda developer guide's (docs.aws.amazon.com/lambda/latest/dg/):

- with-kinesis, services-kinesis-create: batches of one shard, up to the batch size, 6 MB, or the
  batching window; with a parallelization factor several at once, each partition key in order;
  "Lambda keeps track of the last record processed and resumes processing from that point".
- kinesis-on-failure-destination: errors are retried until the retries or the records' age are
  exhausted; where the function wasn't reached, age alone counts. "Splitting batches doesn't consume
  the retry quota." Age without a limit is the stream's retention.
- services-kinesis-batchfailurereporting: the lowest number that is reported is the checkpoint, from
  which Lambda "will immediately begin to retry"; what makes a response a success or a failure; with
  bisecting, a batch is split at the number returned, and in halves if the whole of it has failed.
- services-kinesis-windows: windows by arrival, state, their last invocation, shard ends.

Where it is silent, the recordings of AWS in LocalStack's tests decide: what is left of a batch
after a partial success has all its retries again and counts its invocations anew; expired records
are given up apart from the rest of their batch, as RecordAgeExceeded, with one invocation more than
there were and without a response; a record of 60 seconds has been tried seven times.
"""
