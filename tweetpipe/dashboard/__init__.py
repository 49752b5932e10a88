"""A live page of one stack: the server, and the page in `static`.

`pages` passes the snapshots of one collector to all open pages, `questions` answers queries of the
table and the dead letters, `actions` makes changes, `guard` keeps other sites and users out, `app`
combines these, `server` serves them on a socket.
"""
