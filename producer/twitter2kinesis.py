"""`python -m producer.twitter2kinesis --track yolo`, as the 2015 sample had it."""

from __future__ import annotations

import sys

from tweetpipe.__main__ import main

if __name__ == "__main__":
    main(["produce", "--source", "twitter", *sys.argv[1:]])
