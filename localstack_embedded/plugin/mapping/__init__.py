"""What AWS's Lambda does between a Kinesis stream and a function."""
