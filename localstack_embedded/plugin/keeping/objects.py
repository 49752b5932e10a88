"""The objects in S3's buckets, in LocalStack's memory and also in files.

    BUCKET/KEY.WRITTEN    KEY is a digest of the object's key and version, WRITTEN the nanosecond

An object's metadata is saved a moment after its file. Until then, the saved metadata may be that of
the previous object, so the previous file stays until nothing saved refers to it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from localstack.services.s3.constants import S3_CHUNK_SIZE
from localstack.services.s3.models import S3DeleteMarker, s3_stores
from localstack.services.s3.storage.ephemeral import (
    S3_MAX_FILE_SIZE_BYTES,
    EphemeralS3ObjectStore,
    EphemeralS3StoredObject,
    LockedSpooledTemporaryFile,
)


class KeptObjects(EphemeralS3ObjectStore):  # type: ignore[misc]
    """Writes each object to a file when it is complete, and reads it back on request."""

    def __init__(self, scratch: str, folder: Path) -> None:
        super().__init__(scratch)
        self._folder = folder
        self._suspects = set(folder.glob("*/*"))  # their metadata was saved long ago
        self._lock = Lock()

    def open(self, bucket: str, s3_object: Any, mode: str = "r") -> Any:
        """Open an object's content for reading or writing."""
        (Path(self.root_directory) / bucket).mkdir(parents=True, exist_ok=True)
        if mode == "w":
            return _Written(super().open(bucket, s3_object, mode), self, bucket)
        key = self._key_from_s3_object(s3_object)
        with self._lock:
            if self._get_object_file(bucket, key) is None:
                self._filesystem[bucket]["keys"][key] = self._read(bucket, s3_object)
        return super().open(bucket, s3_object, mode)

    def copy(self, src_bucket: str, src_object: Any, dest_bucket: str, dest_object: Any) -> Any:
        """Copy an object; copying it onto itself changes only its metadata."""
        copied = super().copy(src_bucket, src_object, dest_bucket, dest_object)
        if not dest_object.internal_last_modified:
            dest_object.internal_last_modified = src_object.internal_last_modified
        return copied

    def keep(self, bucket: str, s3_object: Any, file: Any) -> None:
        """Write a complete object to its file; raises OSError if that fails."""
        path = self._path(bucket, s3_object)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_suffix(f"{path.suffix}.new")
        try:
            with new.open("wb") as target:
                file.seek(0)
                shutil.copyfileobj(file, target, S3_CHUNK_SIZE)
                target.flush()
                os.fsync(target.fileno())
            new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def sweep(self) -> None:
        """Remove files that no object needs; to be called once the objects' metadata is saved.

        A file that was not needed at the previous call, either, is not needed by anything saved.
        When there are no buckets, as after a reset, no file is.
        """
        needed = {self._path(bucket, each) for bucket, each in _objects()}
        idle = {path for path in self._folder.glob("*/*")} - needed
        for path in idle & self._suspects if s3_stores else idle:
            path.unlink(missing_ok=True)
        self._suspects = idle

    def _read(self, bucket: str, s3_object: Any) -> Any:
        folder = os.path.join(self.root_directory, bucket)
        file = LockedSpooledTemporaryFile(dir=folder, max_size=S3_MAX_FILE_SIZE_BYTES)
        with self._path(bucket, s3_object).open("rb") as source:
            shutil.copyfileobj(source, file, S3_CHUNK_SIZE)
        file.internal_last_modified = s3_object.internal_last_modified
        return file

    def _path(self, bucket: str, s3_object: Any) -> Path:
        name = f"{s3_object.key}?{s3_object.version_id or 'null'}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return self._folder / bucket / f"{digest}.{s3_object.internal_last_modified}"


class _Written(EphemeralS3StoredObject):  # type: ignore[misc]
    """An object that is being written."""

    def __init__(self, opened: EphemeralS3StoredObject, store: KeptObjects, bucket: str) -> None:
        self.__dict__.update(vars(opened))  # with the lock that it holds
        self._store, self._bucket = store, bucket

    def close(self) -> None:
        """Save what was written; raises OSError if there is no room for it."""
        try:
            if not self.file.closed:  # else it was refused, and removed
                with self.file.position_lock:
                    self._store.keep(self._bucket, self.s3_object, self.file)
        finally:
            super().close()


def forget_uploads(stores: Any) -> None:
    """Drop incomplete uploads, whose parts were only in memory."""
    for bucket in _buckets(stores):
        bucket.multiparts.clear()


def _buckets(stores: Any) -> Iterator[Any]:
    for regions in list(stores.values()):
        yield from list(regions._global.get("buckets", {}).values())


def _objects() -> Iterator[tuple[str, Any]]:
    for bucket in _buckets(s3_stores):
        for found in list(bucket.objects._store.values()):
            versions = list(found.values()) if isinstance(found, dict) else [found]
            for each in versions:
                if not isinstance(each, S3DeleteMarker):
                    yield bucket.name, each
