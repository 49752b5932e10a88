from __future__ import annotations

import types

import producer
from producer import ProducerError, errors


def test_every_public_name_is_exported() -> None:
    imported = {
        name
        for name, value in vars(producer).items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        and name != "annotations"
    }

    assert imported == set(producer.__all__)


def test_every_error_has_one_root_and_stands_in_the_tree() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert all(issubclass(kind, ProducerError) for kind in kinds)
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in kinds)
