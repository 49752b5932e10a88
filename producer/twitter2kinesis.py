"""`python -m producer.twitter2kinesis --track yolo`, as the 2015 sample had it.

It becomes the command line's process rather than importing it, which imports this package.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    command = [sys.executable, "-m", "tweetpipe", "produce", "twitter"]
    os.execv(sys.executable, [*command, *sys.argv[1:]])
