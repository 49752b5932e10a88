"""The index of all services' operations, by which LocalStack finds out what a request calls.

LocalStack builds it from all of botocore's models at the first call, which takes 0.3 s of CPU and
60 MB that are never freed. Here it is kept in the environment's folder for the next start.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

from localstack.aws import spec

LOG = logging.getLogger(__name__)


def keep_index(folder: Path = Path(sys.prefix)) -> None:
    """Have the index kept in this folder, if it is writable."""
    make = spec.build_service_index_cache

    def found_or_made(file_path: str) -> Any:
        # The index includes patches of the models, which change with this plugin.
        patches = crc32(json.dumps(spec.loader.patches, sort_keys=True).encode())
        kept = folder / f"{Path(file_path).stem}-{patches:08x}.dill"
        if kept.exists():
            try:
                return spec.load_service_index_cache(str(kept))
            except Exception:  # whatever is wrong with it
                LOG.warning("%s can't be read; creating it again", kept, exc_info=True)
        index = make(file_path)
        with suppress(OSError):
            whole = kept.with_suffix(f".{os.getpid()}")
            shutil.copyfile(file_path, whole)
            whole.replace(kept)
        return index

    spec.build_service_index_cache = found_or_made
