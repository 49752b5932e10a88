"""Schedules pytest-xdist's workers like forked ones."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.scheduling import rank, scope


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Give each worker a file at a time, or a whole folder whose files must not run in parallel."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)
