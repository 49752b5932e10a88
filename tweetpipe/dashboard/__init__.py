"""A live page of one stack: the server, and the page in `static`.

`pages` hands what one collector sees to all open pages, `questions` answers what a person asks of
the table and of the dead letters, `actions` changes something, `guard` keeps strangers out, `app`
puts these together, `server` puts that on a socket.
"""
