"""What a person meets in the console: each parameter explained, used, and cheap by default."""

from __future__ import annotations

import json

import pytest

from tests.unit.infra.reading import DEFAULTS, PARAMETERS, RESOURCES, TEXT, WHOLE, references
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.deploying import parameters
from tweetpipe.project import TEMPLATE

INTERFACE = WHOLE["Metadata"]["AWS::CloudFormation::Interface"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_is_described_and_has_a_default(name: str) -> None:
    assert len(PARAMETERS[name]["Description"]) > 20
    parameters.check(TEXT, {name: DEFAULTS[name]})


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_limits_its_values(name: str) -> None:
    limits = {"AllowedValues", "AllowedPattern", "MinValue"}
    assert limits & set(PARAMETERS[name])


def test_each_parameter_has_a_label_and_a_place_in_one_group() -> None:
    grouped = [name for group in INTERFACE["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(PARAMETERS)
    assert sorted(INTERFACE["ParameterLabels"]) == sorted(PARAMETERS)


def test_each_parameter_is_used() -> None:
    # Not counting the rules, which only look at them.
    used = references([WHOLE["Conditions"], WHOLE["Resources"], WHOLE["Outputs"]])
    assert set(PARAMETERS) <= set(used)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("StreamMode", "PROVISIONED"),
        ("ShardCount", "1"),
        ("TableBilling", "PAY_PER_REQUEST"),
        ("EnhancedFanOut", "false"),
        ("Tracing", "false"),
        ("Alarms", "false"),
        ("Dashboard", "false"),
        ("KmsKeyArn", ""),
        ("WarmWriteUnits", "0"),
    ],
)
def test_what_costs_money_is_off_by_default(name: str, default: str) -> None:
    assert DEFAULTS[name] == default


@pytest.mark.parametrize(
    "name", ["EnhancedFanOut", "Tracing", "DeadLetterAlarm", "Alarms", "Dashboard"]
)
def test_what_costs_money_says_how_much(name: str) -> None:
    assert "$" in PARAMETERS[name]["Description"]


def test_a_deployment_with_deletion_protection_or_reserved_concurrency_is_asked_for() -> None:
    assert DEFAULTS["TableDeletionProtection"] == "false"
    assert DEFAULTS["ReservedConcurrency"] == "-1"


def test_lambda_knows_each_log_level_by_the_name_it_is_given() -> None:
    levels = {"DEBUG", "INFO", "WARN", "ERROR"}  # of those it knows
    level = RESOURCES["Processor"]["Properties"]["LoggingConfig"]["ApplicationLogLevel"]["If"][1]
    assert level == {"If": ["LogsWarnings", "WARN", {"Ref": "LogLevel"}]}
    assert WHOLE["Conditions"]["LogsWarnings"] == {"Equals": [{"Ref": "LogLevel"}, "WARNING"]}
    assert set(PARAMETERS["LogLevel"]["AllowedValues"]) - {"WARNING"} | {"WARN"} == levels


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AlarmEmail", ""),
        ("AlarmEmail", "ops@example.co.uk"),
        ("KmsKeyArn", "arn:aws-cn:kms:cn-north-1:123456789012:key/1111-2222"),
        ("KmsKeyArn", "arn:aws:kms:us-east-1:123456789012:key/mrk-1234"),
        ("ReservedConcurrency", "0"),
    ],
)
def test_a_sensible_value_passes(name: str, value: str) -> None:
    parameters.check(TEXT, {name: value})


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AlarmEmail", "ops", "e-mail address"),
        ("AlarmEmail", "ops@example.", "e-mail address"),
        ("KmsKeyArn", "alias/mine", "ARN of a key"),
        ("KmsKeyArn", "arn:aws:kms:us-east-1:123456789012:alias/mine", "ARN of a key"),
        ("ReservedConcurrency", "-2", "from -1"),
    ],
)
def test_a_value_that_aws_would_refuse_halfway_is_told(name: str, value: str, told: str) -> None:
    with pytest.raises(WrongUsage, match=told):
        parameters.check(TEXT, {name: value})


def test_the_defaults_go_together() -> None:
    parameters.check_together(TEXT, {})


@pytest.mark.parametrize(
    ("given", "previous", "told"),
    [
        (
            {"AlarmEmail": "ops@example.com", "DeadLetterAlarm": "false"},
            {},
            "AlarmEmail needs Alarms=true or DeadLetterAlarm=true",
        ),
        (
            {"Alarms": "false"},
            {"AlarmEmail": "ops@example.com", "DeadLetterAlarm": "false"},
            "AlarmEmail needs Alarms=true",
        ),
        ({"RecordDistribution": "AUTO"}, {}, "RecordDistribution=AUTO needs StreamMode=ON_DEMAND"),
        (
            {"StreamMode": "PROVISIONED"},
            {"RecordDistribution": "AUTO", "StreamMode": "ON_DEMAND"},
            "RecordDistribution=AUTO needs",
        ),
        (
            {"ProducerUser": "false"},
            {"SecretInOutputs": "true"},
            "SecretInOutputs=true needs ProducerUser=true",
        ),
        ({"TableMinWriteUnits": "101"}, {}, "above TableMaxWriteUnits=100"),
        ({"TableMaxReadUnits": "9"}, {"TableMinReadUnits": "10"}, "above TableMaxReadUnits=9"),
    ],
)
def test_values_that_do_not_go_together_are_told(
    given: dict[str, str], previous: dict[str, str], told: str
) -> None:
    with pytest.raises(WrongUsage, match=told):
        parameters.check_together(TEXT, given, previous)


@pytest.mark.parametrize(
    ("given", "previous"),
    [
        ({"AlarmEmail": "ops@example.com"}, {}),
        ({"AlarmEmail": "ops@example.com", "DeadLetterAlarm": "false"}, {"Alarms": "true"}),
        ({"RecordDistribution": "AUTO"}, {"StreamMode": "ON_DEMAND"}),
        ({"TableMinWriteUnits": "101", "TableMaxWriteUnits": "101"}, {}),
        ({"TableMinWriteUnits": "101"}, {"TableMaxWriteUnits": "200"}),
    ],
)
def test_values_that_go_together_pass(given: dict[str, str], previous: dict[str, str]) -> None:
    parameters.check_together(TEXT, given, previous)


def test_what_the_linters_switch_on_is_allowed() -> None:
    path = TEMPLATE.with_name("everything-on.json")
    values = json.loads(path.read_text(encoding="utf-8"))
    own = {name: value for name, value in values.items() if not name.startswith("AWS::")}
    parameters.check(TEXT, own)
    parameters.check_together(TEXT, own)
    switches = [
        name for name, entry in PARAMETERS.items() if "true" in entry.get("AllowedValues", [])
    ]
    assert {name for name in switches if own.get(name) != "true"} == {"TableDeletionProtection"}
