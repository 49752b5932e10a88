"""Runs batch compliance jobs for all ids, one after another, and resumes after a kill.

It saves the name of a job before requesting it, the job's id once X returns it, and each result
once complete. So after a kill at any moment, the next run finds the running job instead of starting
a second one.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from producer.errors import PositionError
from producer.position import replace_file
from tweets.x.errors import NotX, XError, XRefused, XUnreachable
from tweets.x.jobs import MAX_BYTES, Job, Jobs, refuses_address
from tweets.x.reconnect import Reconnect

_FIRST_LOOK, _LONGEST_LOOK = 2.0, 60.0  # seconds between two looks at a job
_ATTEMPTS = 8  # of a request that may succeed later
_UPLOADS = 3  # new addresses may expire too

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class _Saved:
    """`parts` files of ids, of which the first `done` have results; `job` is for the next one.

    `name` is the job's, unique to this run.
    """

    parts: int
    ids: int
    done: int = 0
    name: str = ""
    job: str = ""


class Batch:
    """The ids and results of one run, in files whose names begin with `prefix`."""

    def __init__(
        self,
        jobs: Jobs,
        prefix: Path,
        *,
        label: str,
        say: Callable[[str], object] = lambda _: None,
        wait: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
        part_bytes: int = MAX_BYTES,
    ) -> None:
        self._jobs = jobs
        self._prefix = prefix
        self._label = label
        self._say = say
        self._wait = wait
        self._now = now
        self._part_bytes = part_bytes
        self._saved = self._load()

    @property
    def is_under_way(self) -> bool:
        """Whether an earlier run started this one."""
        return self._saved is not None

    @property
    def ids(self) -> int:
        return self._saved.ids if self._saved else 0

    def begin(self, ids: Iterable[str]) -> None:
        """Save the ids to look up."""
        self.forget()
        parts = count = size = 0
        file = None
        try:
            for id_ in ids:
                line = id_.encode() + b"\n"
                if file is None or size + len(line) > self._part_bytes:
                    if file is not None:
                        _close(file)
                    file, size = self._ids(parts).open("wb"), 0
                    parts += 1
                file.write(line)
                size += len(line)
                count += 1
        finally:
            if file is not None:
                _close(file)
        self._save(_Saved(parts=parts, ids=count))

    def run(self) -> None:
        """Look up all ids; raises XError, and can then be called again."""
        while (saved := self._saved) is not None and saved.done < saved.parts:
            job = self._finished(saved)
            try:
                self._patiently(partial(self._jobs.download, job, self._results(saved.done)))
            except XRefused as refused:
                if refuses_address(refused):
                    self._save(replace(saved, name="", job=""))
                    raise XError(
                        f"X no longer has the results of job {job.id}. To start a new job, run the "
                        "command again"
                    ) from refused
                raise
            self._save(replace(saved, done=saved.done + 1, name="", job=""))

    def results(self) -> Iterator[dict[str, Any]]:
        """X's results, line by line; raises XError for an invalid line."""
        saved = self._saved
        for part in range(saved.done if saved else 0):
            with self._results(part).open("rb") as lines:
                for line in filter(bytes.strip, lines):
                    try:
                        yield _object(line)
                    except ValueError as error:
                        self.forget()
                        raise XError(
                            "X's results contain an invalid line. To start a new job, run the "
                            "command again"
                        ) from error

    def forget(self) -> None:
        """Remove all files of this run."""
        self._path("job").unlink(missing_ok=True)
        for path in self._prefix.parent.glob(f"{self._prefix.name}.*"):
            if path.suffixes[-2:-1] in ([".ids"], [".results"]):
                path.unlink(missing_ok=True)
        self._saved = None

    def _finished(self, saved: _Saved) -> Job:
        """Run the job for the next part, and return it once complete."""
        uploads, pause = 0, _FIRST_LOOK
        job = self._known_or_new(saved)
        while job.status != "complete":
            if job.is_over:
                self._save(replace(saved, name="", job=""))
                raise XError(
                    f"X's job {job.id} is {job.status}. To start a new job, run the command again"
                )
            if job.status == "created" and uploads < _UPLOADS:
                uploads += 1
                job = self._uploaded(saved, job)
                continue
            self._wait(pause)
            pause = min(2 * pause, _LONGEST_LOOK)
            job = self._patiently(partial(self._jobs.get, job.id))
        return job

    def _uploaded(self, saved: _Saved, job: Job) -> Job:
        """The job after its ids were uploaded; a new one, if this one had expired."""
        self._say(f"Sending ids to X's job {job.id}")
        try:
            self._patiently(lambda: self._jobs.upload(job, self._ids(saved.done)))
        except XRefused as refused:
            # Also if X got the ids, but its answer was lost.
            now = self._patiently(lambda: self._jobs.get(job.id))
            if now.status != "created" or not refuses_address(refused):
                if now.status == "created":
                    raise
                return now
            self._say(f"X's job {job.id} no longer accepts ids. Starting a new one")
            self._patiently(lambda: self._jobs.cancel(job.id))
            self._save(replace(saved, name="", job=""))
            return self._known_or_new(replace(saved, name="", job=""))
        return self._patiently(lambda: self._jobs.get(job.id))

    def _known_or_new(self, saved: _Saved) -> Job:
        if saved.job:
            self._say(f"Resuming X's job {saved.job}")
            try:
                job = self._patiently(lambda: self._jobs.get(saved.job))
            except XRefused as refused:
                if refused.status != 404:
                    raise
            else:
                if not job.is_over:
                    return job
            self._say("That job has ended. Starting a new one")
            saved = replace(saved, name="", job="")
        found = self._of_that_name(saved.name) if saved.name else None
        if not saved.name:
            # Saved before the request: after a kill, the job is found by its name.
            saved = replace(saved, name=f"{self._label} {secrets.token_hex(4)}"[-64:])
            self._save(saved)
        job = found or self._created(saved.name)
        self._save(replace(saved, job=job.id))
        return job

    def _created(self, name: str) -> Job:
        try:
            return self._patiently(lambda: self._jobs.create(name))
        except XRefused as refused:
            if refused.status != 409:
                raise
            if found := self._of_that_name(name):
                return found
            raise XError(self._taken()) from refused

    def _of_that_name(self, name: str) -> Job | None:
        found = [job for job in self._patiently(self._jobs.all) if job.name == name]
        return next((job for job in found if not job.is_over), None)

    def _taken(self) -> str:
        others = [
            f"job {job.id} ({job.name or 'without a name'}, {job.status})"
            for job in self._patiently(self._jobs.all)
            if job.status in ("created", "in_progress")
        ]
        return (
            "X runs one compliance job of an app at a time, and another is in progress: "
            f"{', '.join(others) or 'X does not say which'}. Run the command again when it has "
            "ended. A job without ids expires after 15 minutes"
        )

    def _patiently(self, call: Callable[[], _T]) -> _T:
        """The result of the call; retries temporary failures."""
        reconnect = Reconnect()
        for left in range(_ATTEMPTS - 1, -1, -1):
            try:
                return call()
            except (XRefused, NotX, XUnreachable) as failure:
                lasts = isinstance(failure, XRefused) and failure.is_lasting
                if lasts or not left:
                    raise
                seconds = reconnect.after(failure, now=self._now())
                self._say(f"{failure}. Retrying in {seconds:g} s.")
                self._wait(seconds)
        raise AssertionError("unreachable")

    def _path(self, kind: str) -> Path:
        return self._prefix.with_name(f"{self._prefix.name}.{kind}")

    def _ids(self, part: int) -> Path:
        return self._path(f"ids.{part}")

    def _results(self, part: int) -> Path:
        return self._path(f"results.{part}")

    def _load(self) -> _Saved | None:
        path = self._path("job")
        try:
            return _Saved(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise PositionError(
                f"{path} can't be read. Delete it and the files beside it whose names begin with "
                f"{self._prefix.name}, then run the command again"
            ) from error

    def _save(self, saved: _Saved) -> None:
        replace_file(self._path("job"), json.dumps(asdict(saved)).encode() + b"\n")
        self._saved = saved


def _close(file: BinaryIO) -> None:
    """Close a file whose content is on the disk then."""
    with file:
        file.flush()
        os.fsync(file.fileno())


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found
