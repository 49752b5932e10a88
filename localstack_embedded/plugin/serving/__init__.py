"""Serves requests, and refuses those that could abuse LocalStack to run code.

`server` is LocalStack's web server, and `channel` has its connections. There, `guard` decides which
requests are served, and `admission` whose, by means of `peer`. `direct` answers some of them at
once, and `catalog` lets LocalStack find out faster what the others call. `services` tells callers
of a missing service which ones there are, and `resetting` empties LocalStack.
"""
