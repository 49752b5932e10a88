"""What AWS's DynamoDB refuses, measures, and reports, around moto's tables.

`members`, `requests`, and `pages` say what is wrong with a request for items, by `values`, `keys`,
and `expressions`, `descriptions` with one for tables. `grammar` parses expressions into `operands`:
`updates` does what an update says, `old_updates` what came before update expressions, and
`key_conditions` says what a Query reads. `capacity` says what a request consumes, `changes` what a
stream tells of it, and `expiry` which items have outlived their time. These know neither LocalStack
nor moto.

`operations` and `transactions` run requests on moto's `tables`, with `conditions`, which `truth`
decides, and `reading` for their pages, and `sweeper` deletes what has expired.
`specification` has LocalStack leave such requests unread.

`provider` and `stream_api` are what LocalStack calls, and `events` adds to what its poller tells
functions.
"""
