"""Loads a folder of events, and rejects one that the pipeline could not run with."""

from __future__ import annotations

import importlib
import keyword
import sys
import traceback
import types
from collections.abc import Callable
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from processor.attributes import wire_form
from processor.errors import Rejected
from processor.events import Events as FunctionEvents
from processor.key import Key
from processor.table import EXPIRES_AT
from producer import Contents, events_by
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.events.contract import Events, normal
from tweetpipe.events.imports import RESERVED, function_files
from tweetpipe.project import ROOT
from tweetpipe.words import plural

DEFAULT = ROOT / "tweets"
"""The default folder."""

_MAX_RECORD = 1024 * 1024
_MAX_KEY = 256  # characters of a partition key


def load(folder: Path) -> Events:
    """The events of a folder; raises WrongUsage if they can't be used."""
    return _load(folder.expanduser().resolve())


@cache
def _load(folder: Path) -> Events:
    if folder == DEFAULT:
        return _events(folder, folder.name)
    name = _name_of(folder)
    function_files(folder, name)
    _make_package(folder, name)
    events = _events(folder, name)
    _try_out(events)
    return events


def _name_of(folder: Path) -> str:
    """The name of the folder as a Python package."""
    for needed in ("item.py", "events.py"):
        if not (folder / needed).is_file():
            why = f"it has no {needed}" if folder.is_dir() else f"there is no folder {folder}"
            raise WrongUsage(
                f"{folder.name} can't be used as events: {why}. docs/your-events.md describes such "
                "a folder. To create one from an example, run:\n  tweetpipe new my-events"
            )
    return check_name(folder)


def check_name(folder: Path) -> str:
    """The name of a folder as a Python package; raises WrongUsage if it is not a valid name."""
    said = folder.absolute().name or str(folder)
    name = said.replace("-", "_")
    if not name.isidentifier() or keyword.iskeyword(name) or _is_taken(name):
        raise WrongUsage(
            f"A folder of events can't be named {said}: Python could not import it, or already has "
            "a module with that name. Use another name, such as my-events."
        )
    if not (name.isascii() and name[0].isalpha()):
        raise WrongUsage(
            f"A folder of events can't be named {said}: for AWS, the name must start with a letter "
            "from A to Z, and have only letters, digits, and hyphens. Use another name, such as "
            "my-events."
        )
    return name


def _is_taken(name: str) -> bool:
    """Whether a package that this program or the function may need has this name."""
    installed = [folder for folder in sys.path if folder.endswith("-packages")]
    return name in RESERVED or PathFinder.find_spec(name, installed) is not None


def _make_package(folder: Path, name: str) -> None:
    """Make the folder importable by its name, replacing any other package with that name."""
    for module in [each for each in sys.modules if each.partition(".")[0] == name]:
        del sys.modules[module]
    file = folder / "__init__.py"
    spec = spec_from_file_location(name, file, submodule_search_locations=[str(folder)])
    if not file.is_file() or spec is None or spec.loader is None:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(folder)]
        return
    sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(sys.modules[name])
    except (Exception, SystemExit) as error:
        why = f"importing it raises {_in_words(error, folder)}"
        raise _refused(folder, file.name, why) from error


def _events(folder: Path, name: str) -> Events:
    item, events = _imported(folder, name, "item"), _imported(folder, name, "events")
    to_item = _function(item, "to_item")
    try:
        key = Key.of(getattr(item, "KEY", None))
    except ValueError as error:
        raise _refused(folder, "item.py", f"{error}") from error
    function = FunctionEvents(to_item, key, _example(folder, item))

    def expected_of(data: bytes) -> Any:
        try:
            wire_form(item := to_item(data), key)
        except (Exception, SystemExit):
            return None
        return item

    noun = getattr(events, "NAME", "event")
    if not isinstance(noun, str) or not noun:
        raise _refused(folder, "events.py", 'NAME must be a word for one event, such as "reading"')
    nouns = getattr(events, "PLURAL", plural(noun))
    if not isinstance(nouns, str) or not nouns:
        must = 'PLURAL must be a word for several events, such as "readings"'
        raise _refused(folder, "events.py", must)
    shapes = getattr(events, "SHAPES", ())
    if not isinstance(shapes, tuple) or not all(isinstance(shape, str) for shape in shapes):
        raise _refused(folder, "events.py", 'SHAPES must be a tuple of names, such as ("v1", "v2")')
    partition_key = _function(events, "partition_key")

    def contents(author: str | None) -> Contents:
        if author is not None:
            raise WrongUsage(f"--author can't be used with the events {name}. Leave it out.")
        return events_by(partition_key, noun)

    return Events(
        name=name,
        folder=folder,
        noun=noun,
        nouns=nouns,
        function=function,
        partition_key=partition_key,
        fake=_function(events, "fake"),
        expected=_function(events, "expected"),
        shown=_function(events, "shown"),
        malformed=_function(events, "malformed") if hasattr(events, "malformed") else None,
        expected_of=_function(events, "expected_of", expected_of),
        shapes=shapes,
        contents=_function(events, "contents", contents),
    )


def _example(folder: Path, item: Any) -> bytes | None:
    example = getattr(item, "EXAMPLE", None)
    if example is not None and not isinstance(example, bytes):
        raise _refused(folder, "item.py", "EXAMPLE must be the bytes of an event")
    return example


def _imported(folder: Path, name: str, module: str) -> Any:
    try:
        return importlib.import_module(f"{name}.{module}")
    except (Exception, SystemExit) as error:
        why = f"importing it raises {_in_words(error, folder)}"
        raise _refused(folder, f"{module}.py", why) from error


def _function(
    module: Any, name: str, default: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    found = getattr(module, name, default)
    if not callable(found):
        file = Path(str(module.__file__))
        raise _refused(file.parent, file.name, f"it has no function {name}")
    return found


def _try_out(events: Events) -> None:
    """Raise WrongUsage unless the first fake event of seed 0 passes every step."""

    def called(name: str, *arguments: object) -> Any:
        try:
            return getattr(events, name)(*arguments)
        except (Exception, SystemExit) as error:
            words = "…" if name in ("partition_key", "shown") else ", ".join(map(str, arguments))
            why = f"{name}({words}) raises {_in_words(error, events.folder)}"
            raise _refused(events.folder, "events.py", why) from error

    def require(holds: bool, name: str, must: str, value: object, file: str = "events.py") -> None:
        if not holds:
            said = f"{name} must {must}, but for event 0 of seed 0 it returns {value!r:.120}"
            raise _refused(events.folder, file, said)

    made = called("fake", 0, 0)
    is_pair = isinstance(made, tuple) and len(made) == 2
    require(is_pair, "fake", "return the event's bytes and its partition key", made)
    data, key = made
    is_record = isinstance(data, bytes) and 0 < len(data) < _MAX_RECORD
    require(is_record, "fake", "return bytes first, less than 1 MiB of them", data)
    require(b"\n" not in data, "fake", "return an event without newlines", data)
    require(called("fake", 0, 0) == made, "fake", "always return the same event", made)
    own = called("partition_key", data)
    is_key = isinstance(own, str) and 0 < len(own) <= _MAX_KEY
    require(is_key, "partition_key", "return text of 1 to 256 characters", own)
    require(own == key, "partition_key", f"return the same key as fake, {key!r}", own)
    expected = called("expected", 0, 0)
    require(isinstance(expected, dict), "expected", "return a dict of attributes", expected)
    try:
        wire_form(normal(expected), events.key)
    except Rejected as rejected:
        must = f"return an item that the table can store ({rejected.detail})"
        require(False, "expected", must, expected)
    own_name = f"not set {EXPIRES_AT}, which ExpireAfterDays uses"
    require(EXPIRES_AT not in expected, "expected", own_name, expected)
    example = events.function.example
    for what, event in (("event 0 of seed 0, which events.py makes", data), ("EXAMPLE", example)):
        try:
            if event is not None:
                wire_form(events.function.to_item(event), events.key)
        except (Exception, SystemExit) as error:
            is_plain = isinstance(error, Rejected)
            why = f"{error}" if is_plain else _in_words(error, events.folder)
            said = f"to_item returns no item for {what}: {why}"
            raise _refused(events.folder, "item.py", said) from error
    shown = called("shown", expected)
    is_shown = isinstance(shown, tuple) and [type(each) for each in shown] == [str, str, str]
    require(is_shown, "shown", "return title, time, and text, each a str", shown)
    if events.malformed:
        spoilt = called("malformed", 0, 0)
        is_line = isinstance(spoilt, bytes) and b"\n" not in spoilt
        require(is_line, "malformed", "return bytes without newlines", spoilt)
        require(
            _is_rejected(events, spoilt),
            "malformed",
            "return an event that to_item rejects",
            spoilt,
        )


def _is_rejected(events: Events, data: bytes) -> bool:
    try:
        events.function.item(data)
    except Rejected:
        return True
    return False


def _in_words(error: BaseException, folder: Path) -> str:
    """The error in one line, with the line in the folder that raised it."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    return f"{said} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else said


def _refused(folder: Path, file: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"{folder.name}/{file} can't be used: {why}. Nothing was started. "
        "Correct the file, then run this command again."
    )
