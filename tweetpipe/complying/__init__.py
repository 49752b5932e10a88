"""Updates stored events after they changed at their source.

`scanning` reads the table at a bounded rate, `items` and `letters` change what is stored, `account`
writes a line for each change. A `Judge` decides what must happen to an event.
"""

from tweetpipe.complying.account import Account
from tweetpipe.complying.items import WHERE, Changes, Left, delete, review
from tweetpipe.complying.judge import Judge
from tweetpipe.complying.letters import Revised, revise
from tweetpipe.complying.scanning import Pace, found_in_letters, found_in_table

__all__ = [
    "WHERE",
    "Account",
    "Changes",
    "Judge",
    "Left",
    "Pace",
    "Revised",
    "delete",
    "found_in_letters",
    "found_in_table",
    "review",
    "revise",
]
