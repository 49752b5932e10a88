"""Describes the outcome of a producer run in words."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from producer import (
    MAX_RECORD_BYTES,
    TOO_LARGE,
    DeliveryError,
    Origin,
    ProducerError,
    Progress,
    Report,
    Shards,
    Unsendable,
)
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.words import counted

_STANDSTILL, _AGAIN_AFTER = 10.0, 60.0  # seconds


def counts(progress: Progress, remark: str) -> str:
    """The counts in one line."""
    rate = progress.sent / progress.elapsed if progress.elapsed else 0.0
    line = (
        f"Read {progress.read:,}, sent {progress.sent:,} ({rate:,.0f}/s), "
        f"retried {progress.retried:,}, failed {progress.failed:,}"
    )
    return "; ".join(filter(None, (line, limit(progress), remark)))


def limit(progress: Progress) -> str:
    """What limits the speed of the run, if known."""
    if progress.shards is not None:
        return _full(progress.shards)
    if progress.endpoint_rate is None:
        return ""
    return f"the endpoint accepts {progress.endpoint_rate:,.0f} records/s"


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
    """The rate to two digits. More digits would keep changing and mean nothing."""
    return f"{float(f'{rate:.2g}'):,.0f}" if rate >= 10 else f"{rate:.2g}"


class Surplus:
    """Notices when a live source is faster than the stream, and says how many shards would do."""

    def __init__(self, place: Place, deployed: Stack) -> None:
        self._deploy = f"tweetpipe deploy{options(place.target, deployed.name)} -p ShardCount="
        self._scales = deployed.parameters.get("StreamMode") == "ON_DEMAND"
        self._told = 0

    def words(self, progress: Progress) -> str:
        """The message, once, and again only when even more shards are needed; else empty."""
        shards = progress.shards
        if shards is None or shards.wanted is None or shards.wanted <= self._told:
            return ""
        self._told = shards.wanted
        rate = _about(shards.records_rate)
        said = f"Records arrive faster than the stream accepts them ({rate}/s). "
        if self._scales:
            return f"{said}The stream is ON_DEMAND and scales up within minutes"
        wanted = counted(shards.wanted, "shard")
        return (
            f"{said}It needs {wanted}. In another terminal, run:\n  {self._deploy}{shards.wanted}"
        )


class Standstill:
    """Notices when nothing gets delivered, and says why: a run may wait for a long time."""

    def __init__(self) -> None:
        self._sent = 0
        self._since = 0.0
        self._errors: Counter[str] = Counter()
        self._told_at = 0.0

    def words(self, progress: Progress) -> str:
        """The message about a standstill, once a minute; empty when there is none."""
        now = progress.elapsed
        if progress.sent != self._sent or not progress.waiting:
            self._sent, self._since, self._errors = progress.sent, now, Counter(progress.errors)
            self._told_at = now - _AGAIN_AFTER + _STANDSTILL
        why = _in_words(Counter(progress.errors) - self._errors)
        if not why or now - self._told_at < _AGAIN_AFTER:
            return ""
        self._told_at = now
        return f"Nothing has been delivered for {now - self._since:.0f} s: {why}. Retrying"


def resend_command(path: Path, place: Place, deployed: Stack, *, own_credentials: bool) -> str:
    """The command that sends the undelivered records to the same stack."""
    own = " --own-credentials" if own_credentials else ""
    return send_command([str(path)], options(place.target, deployed.name) + own)


def send_command(files: Sequence[str], options: str) -> str:
    """The command that sends these files, with these further options."""
    # Without ./, a name such as -x would be read as an option.
    named = [f"./{file}" if file.startswith("-") else file for file in files]
    return f"tweetpipe produce file {shlex.join(named)}{options}"


def way_out(error: ProducerError, place: Place, deployed: Stack) -> str:
    """The command that makes sending possible again, if there is one."""
    if isinstance(error, DeliveryError) and "ResourceNotFoundException" in str(error):
        stack = options(place.target, deployed.name)
        return f"To see what is left of the stack, run:\n  tweetpipe status{stack}"
    return ""


def sentences(parts: Sequence[str]) -> str:
    """The parts joined to one message, in which a command keeps its own line."""
    said = ""
    for part in parts:
        ends_with_command = said.rpartition("\n")[2].startswith("  ")
        said += ("\n" if ends_with_command else ". " if said else "") + part
    return said


def undelivered(
    report: Report,
    *,
    path: Path | None,
    command: str,
    causes: Sequence[str] = (),
    max_record_bytes: int = MAX_RECORD_BYTES,
) -> str:
    """What happened to the records that failed, and how to send them again.

    `causes` are the errors that ended the run, if any. `path` is the file of undelivered records.
    The stream accepts records of up to `max_record_bytes`.
    """
    said = [cause.rstrip(". ") for cause in causes]
    unsendable = report.unsendable.codes.total()
    if unsendable:
        said.append(_never_sent(report.unsendable, path, max_record_bytes))
    if report.failed > unsendable:
        said.append(_why(report, is_explained=bool(causes)))
    if report.dropped:
        limit = "fake events can be generated again"
        if path is not None:
            limit = f"{path} has reached its size limit"
        said.append(f"{_part(report.dropped, report)} not kept: {limit}")
    if again := report.kept - unsendable + report.unsendable.left:
        twice = " (records that arrive twice are stored once)" if report.unanswered else ""
        said.append(
            f"{_part(again, report)} in {path}. To send them again{twice}, run:\n  {command}"
        )
    return sentences(said)


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
        where = f"{total - unsendable.left:,} of them are in {path}, the rest where they were"
    each = "it" if total == 1 else "each of them"
    return (
        f"{counted(total, 'record')} can't be sent: {'; '.join(why)}. {where}. "
        f"Make {each} smaller or valid, or remove it"
    )


def _why_never(code: str, size: int, origin: Origin | None, limit: int) -> str:
    record = f"{origin or 'a record'} has {size:,} bytes"
    if code == TOO_LARGE:
        return f"{record}, but Kinesis accepts at most {limit:,}"
    return f"{record}, and Kinesis rejects it as invalid ({code})"


def _why(report: Report, *, is_explained: bool) -> str:
    codes = _in_words(Counter(report.errors) - report.unsendable.codes)
    why = f": {codes or 'the run was stopped'}" if codes or not is_explained else ""
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
