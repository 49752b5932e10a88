from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.sensors import EVENTS, ITEM, written
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.events import Shown, load
from tweetpipe.events.loading import DEFAULT

READING = {"sensor": "a1", "ts": 1764150000, "temp": 21.5}


def why_not(folder: Path) -> str:
    with pytest.raises(WrongUsage) as caught:
        load(folder)
    return str(caught.value)


def test_a_folder_says_what_its_events_are(tmp_path: Path) -> None:
    events = load(written(tmp_path / "my-sensors"))

    assert (events.name, events.noun, events.nouns) == ("my_sensors", "reading", "readings")
    assert events.parameters == {
        "Events": "my_sensors",
        "PartitionKeyName": "sensor",
        "PartitionKeyType": "S",
        "SortKeyName": "ts",
        "SortKeyType": "N",
    }
    data, key = events.fake(7, 3)
    assert events.partition_key(data) == key
    assert json.loads(data) == events.expected(7, 3) == events.expected_of(data)
    assert events.expected_of(b"no reading") is None
    assert events.show(READING) == Shown("a1", "1764150000", "21.5 degrees")
    assert list(events.packaged) == ["my_sensors/item.py"]


@pytest.mark.parametrize(
    ("name", "nouns"),
    [
        ('NAME = "query"', "queries"),
        ('NAME = "mouse"\nPLURAL = "mice"', "mice"),
        ("", "events"),
    ],
)
def test_several_events_are_called_by_the_regular_plural_or_the_one_that_is_given(
    name: str, nouns: str, tmp_path: Path
) -> None:
    folder = written(tmp_path / "sensors", events=EVENTS.replace('NAME = "reading"', name))

    assert load(folder).nouns == nouns


def test_tweets_are_such_a_folder_and_what_is_used_unless_another_is_named() -> None:
    tweets = load(DEFAULT)

    assert (tweets.name, tweets.noun) == ("tweets", "tweet")
    assert tweets.parameters["PartitionKeyName"] == "Username"
    assert list(tweets.packaged) == [
        "tweets/__init__.py",
        "tweets/item.py",
        "tweets/shapes.py",
        "tweets/timestamps.py",
    ]
    data, key = tweets.fake(7, 3)
    assert tweets.partition_key(data) == key
    assert tweets.expected(7, 3) == tweets.expected_of(data)


def test_folders_of_the_same_name_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    first = load(written(tmp_path / "one" / "sensors"))
    second = load(
        written(
            tmp_path / "two" / "sensors",
            item=ITEM.replace('"sensor": "S"', '"place": "S"').replace(
                '"sensor": reading', '"place": reading'
            ),
            events=EVENTS.replace('return {"sensor"', 'return {"place"')
            .replace('["sensor"]', '["place"]')
            .replace("json.dumps(reading)", 'json.dumps(reading | {"sensor": reading["place"]})'),
        )
    )

    assert (first.key.partition.name, second.key.partition.name) == ("sensor", "place")


def test_the_package_has_what_the_item_imports_and_nothing_else(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "sensors",
        item=f"from .units import celsius\nimport sensors.names\n{ITEM}",
        units="from . import deeper\ncelsius = deeper.celsius",
        deeper="celsius = str",
        names="",
        unused="import pandas",
    )

    assert sorted(load(folder).packaged) == [
        f"sensors/{name}.py" for name in ("deeper", "item", "names", "units")
    ]


def test_a_folder_may_be_a_package_as_it_is_one_in_the_function(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "sensors",
        item=f"from . import UNIT\n{ITEM}",
        events=f"from sensors import UNIT\n{EVENTS}",
        __init__='UNIT = "degree"',
    )

    assert sorted(load(folder).packaged) == ["sensors/__init__.py", "sensors/item.py"]


def test_an_older_item_that_cannot_be_shown_is_shown_by_its_key(tmp_path: Path) -> None:
    events = load(written(tmp_path / "sensors"))
    older = {"sensor": "a1", "ts": 1, "fahrenheit": Decimal("70.7")}

    assert events.show(older) == Shown("a1", "", json.dumps(older | {"fahrenheit": 70.7}))


TEMPERATURE = '"temp": temperature'
ENCODED = "json.dumps(reading).encode()"
OWN_KEY = 'json.loads(data)["sensor"]'


@pytest.mark.parametrize(
    ("module", "old", "new", "words"),
    [
        ("item", "def to_item", "def item", "item.py can't be used: it has no function to_item"),
        ("item", '"N"', '"B"', "KEY gives 'ts' the type 'B'"),
        ("item", ', "ts": "N"', "", "KEY must be like"),
        ("item", "KEY", "import pandas\nKEY", "item.py imports pandas in line 5, which is not"),
        ("item", "KEY", "from tweetpipe import words\nKEY", "item.py imports tweetpipe in line 5"),
        ("item", "KEY", "from .other import x\nKEY", "other.py imports numpy in line 1"),
        ("item", "KEY =", "KEY = =", "item.py can't be used: it is not valid Python in line 5"),
        ("item", "KEY", "1 / 0\nKEY", "item.py can't be used: importing it raises ZeroDivision"),
        ("events", "NAME", "import sys\nsys.exit()\nNAME", "events.py can't be used: importing it"),
        ("events", "def fake", "def fakes", "events.py can't be used: it has no function fake"),
        (
            "events",
            'encode(), reading["sensor"]',
            'encode(), ""',
            "partition_key must return the same key as fake",
        ),
        ("events", ENCODED, "json.dumps(reading)", "fake must return bytes first"),
        ("events", "dumps(reading)", "dumps(reading, indent=1)", "an event without newlines"),
        ("events", OWN_KEY, "1", "partition_key must return text"),
        ("events", OWN_KEY, "data[0][0]", "partition_key(…) raises TypeError"),
        ("events", 'Random(f"{seed} {index}")', "Random()", "fake must always return the same"),
        (
            "events",
            TEMPERATURE,
            '"temp": None',
            "item.py can't be used: to_item returns no item for",
        ),
        ("events", "return item", "return *item", "shown must return title, time, and text"),
        ("item", '"N"', '["N"]', "KEY gives 'ts' the type ['N']"),
        ("item", '"ts": "N"', f'"{"t" * 256}": "N"', "it must be text of 1 to 255 bytes"),
        (
            "item",
            "KEY",
            "\0KEY",
            "item.py can't be used: it is not valid Python (source code string",
        ),
        ("events", '"reading"', "None", "NAME must be a word for one event"),
        ("events", "NAME", "PLURAL = 3\nNAME", "PLURAL must be a word for several"),
        ("events", "NAME", "SHAPES = 3\nNAME", "SHAPES must be a tuple of names"),
        ("events", "NAME", "contents = 3\nNAME", "it has no function contents"),
        ("events", "NAME", "expected_of = 3\nNAME", "it has no function expected_of"),
        ("events", TEMPERATURE, '"temp": float("nan")', "(temp is a number without a value)"),
        ("events", TEMPERATURE, '"temp": 1, 2: 3', "(an attribute's name is of type int)"),
        (
            "events",
            TEMPERATURE,
            f'{TEMPERATURE}, "ExpiresAt": 1',
            "not set ExpiresAt, which ExpireAfter",
        ),
        ("events", OWN_KEY, "1 / 0", "raises ZeroDivisionError: division by zero (events.py, line"),
        ("events", OWN_KEY, "open('a\\nb')", "No such file or directory: 'a"),
        ("events", 'Random(f"{seed} {index}")', 'int("a\\n\\nb")', "invalid literal for int"),
        ("events", "return b'", "return '", "malformed must return bytes without newlines"),
        ("events", "return b'", "return 1 / b'", "malformed(0, 0) raises TypeError"),
        (
            "events",
            "return b'",
            "return b'\\n' + b'",
            "malformed must return bytes without newlines",
        ),
        ("events", '"seed":', '"temp":', "malformed must return an event that to_item rejects"),
        ("events", "def malformed", "malformed = 3\ndef other", "it has no function malformed"),
        ("__init__", "", "1 / 0", "__init__.py can't be used: importing it raises ZeroDivision"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, module: str, old: str, new: str, words: str
) -> None:
    modules = {"item": ITEM, "events": EVENTS, "other": "import numpy"}
    modules[module] = modules.get(module, "").replace(old, new, 1)
    folder = tmp_path / "sensors"

    why = why_not(written(folder, **modules))

    assert words in why
    assert "Nothing was started" in why
    assert "\n" not in why


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("json", "can't be named json"),
        ("2fast", "can't be named 2fast"),
        ("tweets", "named tw"),
        ("rich", "already has a module with that name"),  # an installed package that is needed
        ("fake-tweets", "already has a module with that name"),
        ("événements", "for AWS, the name must start with a letter"),
        ("_sensors", "for AWS, the name must start with a letter"),
    ],
)
def test_a_name_that_python_could_not_import_is_refused(
    tmp_path: Path, name: str, words: str
) -> None:
    assert words in why_not(written(tmp_path / name))


def test_what_is_no_folder_of_events_is_refused(tmp_path: Path) -> None:
    assert "nowhere can't be used as events: there is no folder" in why_not(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "empty can't be used as events: it has no item.py" in why_not(tmp_path / "empty")
