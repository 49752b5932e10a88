"""Which values of settings are refused, and that all settings are listed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from localstack_embedded import (
    Program,
    SettingError,
    ensure_environment,
    shared_home,
    start,
    status,
    suggesting,
)
from localstack_embedded.environment import PLUGIN
from localstack_embedded.instance import Stopped
from localstack_embedded.launch import DEFAULTS, PASSED_ON
from localstack_embedded.plugin.settings import SETTINGS, number, text, wrong
from localstack_embedded.tests.fake_localstack import make_environment


@pytest.mark.parametrize(
    ("name", "value", "must_be"),
    [
        ("KINESIS_PROVIDER", "foo", "native or default"),
        ("KINESIS_LATENCY", "1s", "a number of milliseconds, 0 or more"),
        ("KINESIS_LATENCY", "inf", "a number of milliseconds, 0 or more"),
        ("KINESIS_ERROR_PROBABILITY", "1.5", "a number from 0 to 1"),
        ("KINESIS_ERROR_PROBABILITY", "nan", "a number from 0 to 1"),
        ("KINESIS_DISK_LIMIT_MB", "0", "a whole number, 1 or more"),
        ("KINESIS_SHARD_LIMIT", "-1", "a whole number, 0 or more, or Infinity"),
        ("KINESIS_SHARD_LIMITS", "true", "0 or 1"),
        ("LAMBDA_PROCESS_CLIENT", "own", "auto or awslambdaric or builtin"),
        ("LAMBDA_KEEPALIVE_MS", "10s", "a whole number, 0 or more"),
    ],
)
def test_a_wrong_value_is_refused_with_what_it_must_be(name: str, value: str, must_be: str) -> None:
    assert wrong({name: value, "HOME": "/"}) == [f"{name} is {value!r}; it must be {must_be}"]


def test_right_and_blank_values_are_taken() -> None:
    right = {
        "KINESIS_SHARD_LIMIT": "Infinity",
        "KINESIS_LATENCY": " 2.5 ",
        "LAMBDA_KEEPALIVE_MS": "",
    }

    assert not wrong(right)
    assert not wrong(DEFAULTS)
    assert number("KINESIS_LATENCY", right) == 2.5
    assert text("KINESIS_SHARD_LIMITS", {"KINESIS_SHARD_LIMITS": " "}) == "0"


def test_what_is_not_set_has_a_value_that_is_right() -> None:
    assert not wrong({name: setting.default for name, setting in SETTINGS.items()})


def test_nothing_is_started_with_a_wrong_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_environment(tmp_path, "serve()")
    monkeypatch.setenv("KINESIS_LATENCY", "soon")
    monkeypatch.setenv("KINESIS_PROVIDER", "foo")

    with pytest.raises(SettingError) as refused:
        start(home, port=0)
    assert str(refused.value) == (
        "These environment variables can't be used:\n"
        "  KINESIS_PROVIDER is 'foo'; it must be native or default\n"
        "  KINESIS_LATENCY is 'soon'; it must be a number of milliseconds, 0 or more\n"
        "Correct them, or unset them:\n"
        "  unset KINESIS_PROVIDER KINESIS_LATENCY"
    )
    monkeypatch.delenv("KINESIS_LATENCY")
    with pytest.raises(
        SettingError, match=r"default\. Correct it, or unset it:\n  unset KINESIS_PROVIDER$"
    ):
        start(home, port=0)
    assert isinstance(status(home), Stopped)
    program = Program(name="x", home=home, home_setting="X", settings_file=".env")
    with (
        suggesting(program),
        pytest.raises(SettingError, match=r"it in \.env or in your shell, or"),
    ):
        start(home, port=0)


@pytest.mark.heavy
def test_in_a_container_localstack_ends_and_says_which_setting_is_wrong(tmp_path: Path) -> None:
    made = ensure_environment(shared_home())
    program = "from localstack.runtime import hooks; hooks.on_runtime_create.run()"

    done = subprocess.run(
        [made.python, "-c", program],
        # A new home, which has no cached list of plugins.
        env={
            "HOME": str(tmp_path),
            "KINESIS_PROVIDER": "foo",
            "PROVIDER_OVERRIDE_KINESIS": "foo",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 1
    assert done.stderr.endswith(
        "LocalStack was not started:\nKINESIS_PROVIDER is 'foo'; it must be native or default\n"
    )


def test_every_setting_that_the_plugin_reads_is_known() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in PLUGIN.rglob("*.py"))
    read = set(re.findall(r'"((?:DYNAMODB|KINESIS|LAMBDA_PROCESS)_[A-Z_]+)"', sources))

    assert read - {"LAMBDA_PROCESS_PYTHON"} <= SETTINGS.keys()


def test_every_number_that_localstack_reads_is_known() -> None:
    config = ensure_environment(shared_home()).python.parents[1].glob("lib/*/site-packages")
    source = (next(config) / "localstack" / "config.py").read_text("utf-8")
    reads = re.findall(r'(?:int|float)\(\s*os\.(?:environ\.get|getenv)\(\s*"(\w+)"', source)

    passed_on = {name for name in reads if PASSED_ON.fullmatch(name)}

    assert len(passed_on) > 10
    assert passed_on <= SETTINGS.keys()
