"""Run the pipeline under all faults and shard limits, and check that no event is lost."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

import localstack_embedded
from localstack_embedded import DEFAULT_HOME
from localstack_embedded.tests.unused_ports import free_port
from tests.soak.books import Books, history
from tests.soak.run import PARAMETERS, SoakOutcome, soak
from tests.stack_fixtures import deployed_stack
from tweetpipe.aws.place import Place, local_place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands.terminal import printable
from tweetpipe.looking import verify

_OUTAGE = 75.0  # seconds; the producer gives up a record after 60
_console = Console(highlight=False)


def main() -> int:
    """Return exit code 3 if the books differ."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--count", type=int, default=200_000, help="send this many events")
    parser.add_argument("--seed", type=int, default=1, help="seed of the events and the faults")
    parser.add_argument(
        "--aggregate", action="store_true", help="send several events in one record"
    )
    parser.add_argument(
        "--forms", action="store_true", help="read the events from files in several forms"
    )
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    home = folder / "localstack"
    try:
        emulator = localstack_embedded.start(
            home, environment_home=DEFAULT_HOME, port=free_port(), shard_limits=True
        )
        place = local_place(embedded_endpoint=emulator.endpoint, environ={})
        with deployed_stack(place, PARAMETERS) as stack:
            outcome = soak(
                place,
                stack,
                emulator,
                count=options.count,
                seed=options.seed,
                folder=folder,
                outage=_OUTAGE,
                aggregate=options.aggregate,
                in_forms=options.forms,
                say=_console.print,
            )
            _show(outcome, aggregate=options.aggregate)
            if outcome.books.is_equal:
                _console.print("The books balance.", style="green")
                return 0
            _show_differences(place, stack, outcome.books)
            return 3
    finally:
        localstack_embedded.stop(home)
        shutil.rmtree(folder, ignore_errors=True)


def _show(outcome: SoakOutcome, *, aggregate: bool) -> None:
    offered, books = outcome.offered, outcome.books
    # In aggregated records, the number varies.
    again = {} if aggregate else {"  more than once": outcome.accepted - offered.total}
    account = Table("", "records", title="The books")
    for name, number in (
        ("offered", offered.total),
        ("  events", offered.counts["event"]),
        ("  repeated", offered.counts["duplicate"]),
        ("  malformed", offered.counts["malformed"]),
        ("put on the stream", outcome.accepted),
        *again.items(),
        ("undelivered at first, then sent again", outcome.undelivered),
        ("stored, equal in every field", books.items.verified),
        ("dead-lettered, payload intact", len(offered.malformed) - len(books.missing_letters)),
        ("  more than once", books.repeated_letters),
        ("missing", len(books.items.missing) + len(books.missing_letters)),
        ("different", len(books.items.different)),
        ("unexpected", len(books.items.unexpected) + len(books.foreign_letters)),
        ("exhausted batches left", len(books.exhausted)),
    ):
        account.add_row(name, f"{number:,}")
    faults = Table("fault", "times", title="Injected faults")
    for what, number in sorted(outcome.faults.items()):
        faults.add_row(what, f"{number:,}")
    _console.print(account, faults)
    _console.print(f"{outcome.seconds:,.0f} s, {offered.total / outcome.seconds:,.0f} records/s")


def _show_differences(place: Place, stack: Stack, books: Books) -> None:
    for name, items in (("missing", books.items.missing), ("unexpected", books.items.unexpected)):
        for item in items[:1]:
            _console.print(f"first {name}: {item}", style="red")
            _console.print("\n".join(history(place, stack, verify.key(item))))
    for wanted, stored in books.items.different[:1]:
        _console.print(f"first different: {wanted} is stored as {stored}", style="red")
        _console.print("\n".join(history(place, stack, verify.key(wanted))))
    for name, letters in (
        ("missing dead letter", books.missing_letters),
        ("unexpected dead letter", books.foreign_letters),
    ):
        for payload in sorted(letters)[:1]:
            text = printable(payload.decode(errors="replace"))
            _console.print(f"first {name}: {text}", style="red")


if __name__ == "__main__":
    sys.exit(main())
