"""DynamoDB's checks, capacity units, and stream records, added to moto's tables.

`members`, `requests`, and `pages` check requests for items by means of `values`, `keys`, and
`expressions`; `descriptions` checks those for tables. `grammar` parses expressions into `operands`.
`updates` applies update expressions, `old_updates` applies the parameter that predates them, and
`key_conditions` determines what a Query reads. `capacity` counts the units that a request consumes,
`changes` makes the records of streams, and `expiry` tells which items have expired. None of these
imports LocalStack or moto.

`operations` and `transactions` run requests on moto's `tables`. `conditions` has `truth` evaluate
the conditions of requests, `reading` reads the pages of queries and scans, and `sweeper` deletes
expired items. `specification` keeps LocalStack from parsing requests for items.

LocalStack calls `provider` and `stream_api`. `events` completes the events that LocalStack's poller
sends to functions.
"""
