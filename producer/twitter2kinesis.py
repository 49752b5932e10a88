"""`python -m producer.twitter2kinesis --track yolo`, the command of the 2015 sample.

It replaces its process with the command line, because importing that would be a circular import.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    command = [sys.executable, "-m", "tweetpipe", "produce", "twitter"]
    os.execv(sys.executable, [*command, *sys.argv[1:]])
