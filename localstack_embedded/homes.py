"""Where this package is, and where it keeps its files by default."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent

# This file is not in the built distribution.
IS_CHECKOUT = (HERE / "pyproject.toml").is_file()


def _default_home() -> Path:
    if IS_CHECKOUT:
        return HERE.parent / ".localstack"
    from platformdirs import user_data_path

    return user_data_path("localstack-embedded")


DEFAULT_HOME = _default_home()
