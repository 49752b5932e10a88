"""What a run of the producer has come to, in words."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from producer import MAX_RECORD_BYTES, TOO_LARGE, Origin, Progress, Report, Shards, Unsendable
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.words import counted

_STANDSTILL, _AGAIN_AFTER = 10.0, 60.0  # seconds


def counts(progress: Progress, remark: str) -> str:
    """The books in one line."""
    rate = progress.sent / progress.elapsed if progress.elapsed else 0.0
    line = (
        f"Read {progress.read:,}, sent {progress.sent:,} ({rate:,.0f}/s), "
        f"retried {progress.retried:,}, failed {progress.failed:,}"
    )
    return "; ".join(filter(None, (line, limit(progress), remark)))


def limit(progress: Progress) -> str:
    """What keeps the run from being faster, if that is known."""
    if progress.shards is not None:
        return _full(progress.shards)
    if progress.endpoint_rate is None:
        return ""
    return f"the endpoint takes {progress.endpoint_rate:,.0f} records/s"


def _full(shards: Shards) -> str:
    more = _more(shards)
    return (
        f"limited by the stream: {shards.full:,} of {shards.known:,} shards full, "
        f"{_about(shards.records_rate)} records/s; "
        f"{more:,} shards would take {_about(shards.take(more))}"
    )


def _more(shards: Shards) -> int:
    return shards.wanted or 4 * shards.known


def _about(rate: float) -> str:
    """Two digits: more would change all the time, and mean nothing."""
    return f"{float(f'{rate:.2g}'):,.0f}" if rate >= 10 else f"{rate:.2g}"


class Surplus:
    """Tells that a live source gives more than the stream takes, and what would take it."""

    def __init__(self, place: Place, deployed: Stack) -> None:
        self._deploy = f"tweetpipe deploy{options(place.target, deployed.name)} -p ShardCount="
        self._scales = deployed.parameters.get("StreamMode") == "ON_DEMAND"
        self._told = 0

    def words(self, progress: Progress) -> str:
        """What there is to say at once, and again only when still more shards are needed."""
        shards = progress.shards
        if shards is None or shards.wanted is None or shards.wanted <= self._told:
            return ""
        self._told = shards.wanted
        said = f"More records come than the stream takes ({_about(shards.records_rate)}/s). "
        if self._scales:
            return f"{said}Being ON_DEMAND, it takes more within minutes"
        # Last, and without a period, so that the command can be copied.
        wanted = counted(shards.wanted, "shard")
        return f"{said}It would take {wanted}; from another terminal: {self._deploy}{shards.wanted}"


class Standstill:
    """Tells when nothing is delivered any more, and why: a run may wait for as long as it takes."""

    def __init__(self) -> None:
        self._sent = 0
        self._since = 0.0
        self._errors: Counter[str] = Counter()
        self._told_at = 0.0

    def words(self, progress: Progress) -> str:
        """What there is to say of a standstill, once a minute; nothing when there is none."""
        now = progress.elapsed
        if progress.sent != self._sent or not progress.waiting:
            self._sent, self._since, self._errors = progress.sent, now, Counter(progress.errors)
            self._told_at = now - _AGAIN_AFTER + _STANDSTILL
        why = _in_words(Counter(progress.errors) - self._errors)
        if not why or now - self._told_at < _AGAIN_AFTER:
            return ""
        self._told_at = now
        return f"Nothing has been delivered for {now - self._since:.0f} s: {why}. Still trying"


def resend_command(path: Path, place: Place, deployed: Stack, *, own_credentials: bool) -> str:
    """What sends the undelivered records to the same stack."""
    # As it is, a name such as -x would be read as an option.
    file = f"./{path}" if str(path).startswith("-") else str(path)
    own = " --own-credentials" if own_credentials else ""
    return f"tweetpipe produce file {shlex.quote(file)}{options(place.target, deployed.name)}{own}"


def undelivered(
    report: Report,
    *,
    path: Path | None,
    command: str,
    causes: Sequence[str] = (),
    max_record_bytes: int = MAX_RECORD_BYTES,
) -> str:
    """What became of the records that failed; `causes` are what ended the run, if anything did.

    `path` is where those were to be kept that could be; the stream takes records of up to
    `max_record_bytes`.
    """
    said = [cause.rstrip(". ") for cause in causes]
    unsendable = report.unsendable.codes.total()
    if unsendable:
        said.append(_never_sent(report.unsendable, path, max_record_bytes))
    if report.failed > unsendable:
        said.append(_why(report, is_explained=bool(causes)))
    if report.dropped:
        limit = "fakes can be made again" if path is None else f"{path} is as large as it may"
        said.append(f"{_part(report.dropped, report)} not kept: {limit}")
    if again := report.kept - unsendable + report.unsendable.left:
        words = "send them again"
        if report.unanswered:
            words += " (what arrives twice is stored once)"
        # Last, and without a period, so that the command can be copied.
        said.append(f"{_part(again, report)} in {path}; {words} with: {command}")
    return ". ".join(said)


def _never_sent(unsendable: Unsendable, path: Path | None, limit: int) -> str:
    total = unsendable.codes.total()
    why = [_why_never(*record, limit) for record in unsendable.first]
    if total > len(why):
        why.append(f"and {total - len(why):,} more")
    stays, are = ("It stays", "is") if total == 1 else ("They stay", "are")
    where = f"{stays} where {stays.split()[0].lower()} {are}"
    if not unsendable.left:
        where = f"{stays} in {path}"
    elif unsendable.left < total:
        where = f"{total - unsendable.left:,} of them are in {path}, the others where they were"
    return (
        f"{counted(total, 'record')} can never be sent: {'; '.join(why)}. {where}: "
        "make each smaller or valid, or remove it"
    )


def _why_never(code: str, size: int, origin: Origin | None, limit: int) -> str:
    record = f"{origin or 'a record'} has {size:,} bytes"
    if code == TOO_LARGE:
        return f"{record}, and Kinesis takes {limit:,} at most"
    return f"{record}, and Kinesis refuses it as invalid ({code})"


def _why(report: Report, *, is_explained: bool) -> str:
    codes = _in_words(Counter(report.errors) - report.unsendable.codes)
    why = f": {codes or 'stopped before'}" if codes or not is_explained else ""
    count = report.failed - report.unsendable.codes.total()
    failed = counted(count, "record")
    unanswered = "not acknowledged, and may have arrived"
    if report.unanswered == count:
        return f"{failed} {'was' if count == 1 else 'were'} {unanswered}{why}"
    some = f"; {report.unanswered:,} of them were {unanswered}" if report.unanswered else ""
    return f"{failed} could not be delivered{why}{some}"


def _part(records: int, report: Report) -> str:
    verb = "is" if records == 1 else "are"
    if records == report.failed - report.unsendable.codes.total():
        return f"{'It' if records == 1 else 'They'} {verb}"
    return f"{records:,} of them {verb}"


def _in_words(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{code} ({counted(n, 'time')})" for code, n in errors.items())
