"""The index of operations is built once for all starts from one environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localstack_embedded import ensure_environment

THREE_STARTS = """
import sys
from pathlib import Path
import dill
from localstack.aws import spec
from localstack_embedded_plugin.serving.catalog import keep_index

folder, made = Path(sys.argv[1]), []

def make(path):
    made.append(path)
    Path(path).write_bytes(dill.dumps("an index"))
    return "an index"

spec.build_service_index_cache = make
keep_index(folder)
found = [spec.build_service_index_cache(str(folder / "new.dill")) for _ in range(2)]
assert len(made) == 1, "it was not found"
(kept,) = folder.glob("new-*")
kept.write_bytes(b"no index")
found.append(spec.build_service_index_cache(str(folder / "new.dill")))
found.append(spec.build_service_index_cache(str(folder / "new.dill")))
print(found, len(made))
"""


@pytest.mark.heavy
def test_the_index_is_made_once_and_again_only_if_it_is_broken(tmp_path: Path) -> None:
    python = ensure_environment().python
    ran = subprocess.run(
        [python, "-c", THREE_STARTS, tmp_path], capture_output=True, text=True, check=False
    )
    assert ran.stdout.strip() == f"{['an index'] * 4} 2", ran.stderr
