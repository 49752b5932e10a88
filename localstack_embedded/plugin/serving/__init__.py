"""What serves requests, and refuses those that are not for a LocalStack that runs code.

`server` is LocalStack's web server; its connections are in `channel`, where `guard` says which
requests are served, and `admission` by `peer` whose. `direct` answers some of them right there, and
`catalog` has LocalStack find out sooner what the others call. `services` names what there is to
whoever calls something else, and `resetting` empties what LocalStack holds.
"""
