from __future__ import annotations

import pytest

from processor.errors import ConfigurationError
from processor.settings import FunctionSettings

COMPLETE = {"TABLE_NAME": "table", "DEAD_LETTER_QUEUE_URL": "url"}


def test_names_for_logs_and_metrics_have_defaults() -> None:
    assert FunctionSettings.from_environment(COMPLETE) == FunctionSettings(
        "table", "url", "processor", "tweetpipe", "tweets"
    )


def test_names_for_logs_and_metrics_come_from_powertools_variables() -> None:
    names = {"POWERTOOLS_SERVICE_NAME": "mine", "POWERTOOLS_METRICS_NAMESPACE": "ours"}

    assert FunctionSettings.from_environment(COMPLETE | names) == FunctionSettings(
        "table", "url", "mine", "ours", "tweets"
    )


@pytest.mark.parametrize(("said", "days"), [(None, 0), ("", 0), ("0", 0), ("90", 90)])
def test_items_expire_only_where_a_number_of_days_is_given(said: str | None, days: int) -> None:
    environment = COMPLETE if said is None else COMPLETE | {"EXPIRE_AFTER_DAYS": said}

    assert FunctionSettings.from_environment(environment).expire_after_days == days


@pytest.mark.parametrize("said", ["-1", "soon", "1.5", "²"])
def test_a_wrong_number_of_days_is_told(said: str) -> None:
    with pytest.raises(ConfigurationError, match="EXPIRE_AFTER_DAYS"):
        FunctionSettings.from_environment(COMPLETE | {"EXPIRE_AFTER_DAYS": said})


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("change", [None, ""])
def test_a_missing_variable_is_named(name: str, change: str | None) -> None:
    environment = {key: value for key, value in COMPLETE.items() if key != name}
    if change is not None:
        environment[name] = change

    with pytest.raises(ConfigurationError, match=f"set {name} in"):
        FunctionSettings.from_environment(environment)
