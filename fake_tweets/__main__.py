"""`python -m fake_tweets`: the same as `python -m tweets.fakes`."""

from __future__ import annotations

import sys

from tweets.fakes.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
