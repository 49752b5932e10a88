"""What serves requests, and refuses those that are not for a LocalStack that runs code.

`server` is LocalStack's web server; its connections are in `channel`, where `guard` says which
requests are served, and `admission` by `peer` whose. `services` names what there is to whoever
calls something else, and `resetting` empties what LocalStack holds.
"""
