"""`python -m producer` is `tweetpipe produce`."""

from __future__ import annotations

import sys

from tweetpipe.__main__ import main

if __name__ == "__main__":
    main(["produce", *sys.argv[1:]])
