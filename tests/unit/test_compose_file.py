"""What docker-compose.yml must say for its containers to work on each other and on nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tweets.x import read_rules

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
)["services"]


def test_each_command_in_a_container_is_told_the_emulators_address() -> None:
    for name in SERVICES.keys() - {"localstack"}:
        assert SERVICES[name]["environment"]["AWS_ENDPOINT_URL"] == "http://localstack:4566", name


def test_the_health_check_asks_no_proxy() -> None:
    assert "--noproxy '*'" in SERVICES["localstack"]["healthcheck"]["test"]


def test_what_a_run_with_x_keeps_outlives_its_container() -> None:
    producer = SERVICES["producer-x"]
    settings = ("X_MONTHLY_LIMIT", "X_PRICE_PER_POST", "X_ACCESS")

    assert "undelivered:/data" in producer["volumes"], "the working folder of the image"
    assert producer["environment"].keys() >= {*settings}
    [rules] = [each for each in producer["volumes"] if each.endswith(":/rules.txt:ro")]
    assert rules.startswith("${RULES:-./examples/rules.txt}")
    assert producer["command"][-2:] == ["--rules", "/rules.txt"]
    assert read_rules(ROOT / "examples" / "rules.txt")


def test_a_deployment_in_a_container_waits_for_nobodys_answer() -> None:
    assert SERVICES["deploy"]["command"][:2] == ["deploy", "--yes"]


def test_the_plugin_is_told_the_provider_by_the_name_that_its_user_gave() -> None:
    environment = SERVICES["localstack"]["environment"]

    assert environment["KINESIS_PROVIDER"] == environment["PROVIDER_OVERRIDE_KINESIS"]
