from __future__ import annotations

import pytest

from processor.errors import ConfigurationError
from processor.settings import FunctionSettings

COMPLETE = {"TABLE_NAME": "table", "DEAD_LETTER_QUEUE_URL": "url"}


def test_names_for_logs_and_metrics_have_defaults() -> None:
    assert FunctionSettings.from_environment(COMPLETE) == FunctionSettings(
        "table", "url", "processor", "tweetpipe"
    )


def test_names_for_logs_and_metrics_come_from_powertools_variables() -> None:
    names = {"POWERTOOLS_SERVICE_NAME": "mine", "POWERTOOLS_METRICS_NAMESPACE": "ours"}

    assert FunctionSettings.from_environment(COMPLETE | names) == FunctionSettings(
        "table", "url", "mine", "ours"
    )


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("change", [None, ""])
def test_a_missing_variable_is_named(name: str, change: str | None) -> None:
    environment = {key: value for key, value in COMPLETE.items() if key != name}
    if change is not None:
        environment[name] = change

    with pytest.raises(ConfigurationError, match=f"set {name} in"):
        FunctionSettings.from_environment(environment)
