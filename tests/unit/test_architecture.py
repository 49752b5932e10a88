"""docs/architecture.md is true: its packages, layers, and contracts are those of the code."""

from __future__ import annotations

import re
import tomllib

from tests.documented import PROJECT
from tests.unit.infra.reading import WHOLE
from tweetpipe.aws.errors import DIFFERENT, INTERRUPTED, TweetpipeError
from tweets.item import Item

TEXT = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """What stands below a heading, up to the next of its level or above."""
    marks = heading.partition(" ")[0]
    found = re.search(
        rf"^{heading}\n(.*?)(?=^#{{1,{len(marks)}}} |\Z)", TEXT, re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return found[1]


def first_cells(heading: str) -> list[str]:
    """The names in the first column of a section's tables."""
    return re.findall(r"^\| `?([\w./]+)`? \|", section(heading), re.MULTILINE)


def test_its_packages_are_those_that_python_imports_from() -> None:
    found = {path.parent.name for path in PROJECT.glob("*/__init__.py")} - {"docs"}
    assert found <= {name.rstrip("/") for name in first_cells("## Packages and layers")}


def test_its_layers_are_those_that_the_linter_holds_the_imports_to() -> None:
    layers: dict[str, set[str]] = {}
    table = section("## Packages and layers")
    for layer, packages in re.findall(r"^\| (\d) \| (.*?) \|", table, re.MULTILINE):
        layers.setdefault(layer, set()).update(re.findall(r"`tweetpipe/(\w+)", packages))
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (within,) = (each for each in contracts if each.get("containers") == ["tweetpipe"])
    held = [set(each.split(" | ")) for each in within["layers"] if each != "__main__"]
    assert [layers[layer] for layer in sorted(layers, reverse=True)] == held


def test_its_item_and_outputs_are_those_of_function_and_template() -> None:
    assert set(first_cells("### An item of a tweet")) - {"attribute"} == Item.__annotations__.keys()
    outputs = section("### Names").partition("Outputs are")[2]
    assert {name for name in re.findall(r"`(\w+)`", outputs)} == WHOLE["Outputs"].keys()


def test_its_exit_codes_are_those_of_the_errors() -> None:
    codes = {
        TweetpipeError.exit_code,
        *(each.exit_code for each in TweetpipeError.__subclasses__()),
    }
    told = set(map(int, filter(str.isdigit, first_cells("### Exit codes"))))
    assert told == {0, DIFFERENT, INTERRUPTED} | codes
