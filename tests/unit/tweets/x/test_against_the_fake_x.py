"""The source and TwitterAPI against a server that speaks X's protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy

from producer import OutgoingRecord, SettingsError
from tests.tweets import to_item
from tests.waiting import wait_for
from tweets.fakes import expected_item
from tweets.fakes.x_api import FakeX, Served, serving
from tweets.x import TAG, Credentials, XApi, XSource, synchronise
from tweets.x.errors import XRefused, XUnreachable

POSTS = 150
PATIENCE = 2.0  # seconds; the servers here send a heartbeat ten times as often
LASTING = 60.0  # so that a busy machine is not taken for a silent X
OFTEN = "RT OR is OR a OR the"  # a quarter of the fake tweets
FAKE = FakeX().credentials


@pytest.fixture
def x() -> Iterator[Served]:
    with serving(FakeX(rate=10_000.0, heartbeat=0.2)) as served:
        yield served


def api(x: Served, *, patience: float = LASTING, **credentials: str) -> XApi:
    given = credentials or {"bearer_token": FAKE.bearer_token}
    return XApi(Credentials.of(given), url=x.url, heartbeat=patience)


def test_a_token_is_got_for_a_consumer_key_and_secret(x: Served) -> None:
    by_key = api(x, consumer_key=FAKE.consumer_key, consumer_secret=FAKE.consumer_secret)

    assert by_key.rules() == []


def with_proxies(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, address)


def test_the_fake_x_is_never_reached_by_a_proxy(x: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with_proxies(monkeypatch, "http://127.0.0.1:1")
    client = api(x, consumer_key=FAKE.consumer_key, consumer_secret=FAKE.consumer_secret)
    client.add_rules([("yolo", TAG)])
    connection = client.connect()
    connection.close()
    assert len(client.rules()) == 1


@pytest.mark.parametrize(
    ("host", "by_proxy"),
    [
        ("api.x.com", True),
        ("192.0.2.1", True),
        ("fake-x", False),
        ("localhost", False),
        ("x.localhost", False),
        ("127.1.2.3", False),
        ("[::1]", False),
    ],
)
def test_only_what_is_elsewhere_is_reached_by_the_proxy(
    host: str, by_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    class Adapter(HTTPAdapter):
        def send(self, request: PreparedRequest, *_: Any, **options: Any) -> Response:
            asked.append(select_proxy(str(request.url), options["proxies"]))
            raise requests.ConnectionError

    monkeypatch.setattr("requests.sessions.HTTPAdapter", Adapter)
    with_proxies(monkeypatch, "http://proxy:3128")
    with pytest.raises(XUnreachable):
        XApi(Credentials.of({"bearer_token": "token"}), url=f"http://{host}").rules()
    assert asked == ["http://proxy:3128" if by_proxy else None]


def test_a_wrong_secret_and_a_wrong_token_are_refused_with_what_to_check(x: Served) -> None:
    with pytest.raises(XRefused, match="check"):
        api(x, consumer_key=FAKE.consumer_key, consumer_secret="wrong-secret")
    with pytest.raises(XRefused, match=r"401.*check bearer_token") as refused:
        api(x, bearer_token="wrong-token").rules()

    assert "wrong-token" not in str(refused.value)


def test_rules_become_those_tracked_and_others_stay(x: Served) -> None:
    client = api(x)
    client.add_rules([("cats", "somebody")])

    synchronise(client, ["yolo", "#aws lang:en"])
    used = synchronise(client, ["yolo", "dogs", "cats"])

    assert {(rule.value, rule.tag) for rule in client.rules()} == {
        ("cats", "somebody"),
        ("yolo", TAG),
        ("dogs", TAG),
    }
    assert {rule.value for rule in used} == {"cats", "yolo", "dogs"}


@pytest.mark.parametrize("rule", ["lang:en", "-yolo", "(yolo", "nonsense:1", "x" * 1025])
def test_a_rule_that_x_refuses_is_named_with_its_reason(rule: str, x: Served) -> None:
    with pytest.raises(XRefused, match="400") as refused:
        synchronise(api(x), [rule])

    message = str(refused.value)
    assert repr(rule) in message
    assert len(message) > len(repr(rule)) + 30, "a reason is given"


def test_posts_have_all_that_an_item_of_the_table_is_made_of(x: Served) -> None:
    client = api(x)
    source = XSource(client, synchronise(client, [OFTEN]), max_posts=20)

    records = list(source)

    assert len(records) == 20
    for record in records:
        content = json.loads(record.data)
        [author] = [
            u for u in content["includes"]["users"] if u["id"] == content["data"]["author_id"]
        ]
        assert record.partition_key == author["username"]
        assert author["name"]
        assert content["data"]["created_at"]
        assert content["data"]["text"]


def test_each_post_becomes_the_item_that_it_must_a_retweet_with_its_whole_text(x: Served) -> None:
    client = api(x)
    source = XSource(client, synchronise(client, ["is:retweet RT", "is:reply the"]), max_posts=40)

    items: list[Any] = [to_item(record.data) for record in source]

    tweets = [x.fake.tweet(index) for index in x.fake.sent[:40]]
    found = [{name: value["S"] for name, value in item.items()} for item in items]
    assert found == [expected_item(tweet) for tweet in tweets]
    assert any(tweet.text.endswith("…") for tweet in tweets if tweet.retweet_of)


@pytest.mark.parametrize(
    ("fault", "saying"),
    [
        ("401", "check bearer_token"),
        ("403", "enroll the app"),
        ("404", "Not Found"),
        ("409", "--track"),
        ("usage-capped", "used up its posts"),
    ],
)
def test_a_lasting_refusal_ends_with_what_to_do(fault: str, saying: str, x: Served) -> None:
    client = api(x)
    source = XSource(client, synchronise(client, [OFTEN]))
    x.fake.add_faults(fault)

    with pytest.raises(XRefused, match=saying):
        list(source)


def test_nobody_there_is_told_without_a_traceback() -> None:
    with serving(FakeX()) as served:
        url = served.url

    with pytest.raises(XUnreachable, match="Connection refused"):
        XApi(Credentials(bearer_token="t"), url=url).rules()
    with pytest.raises(SettingsError, match=r"api\.x\.com"):
        XApi(Credentials(bearer_token="t"), url="api.x.com")


def reading(source: XSource, found: list[OutgoingRecord]) -> threading.Thread:
    thread = threading.Thread(target=lambda: found.extend(source))
    thread.start()
    return thread


def finished(source: XSource, thread: threading.Thread) -> bool:
    source.finish()
    thread.join(60)
    return not thread.is_alive()


def test_a_silent_stream_is_noticed_and_connected_again(x: Served) -> None:
    client = api(x, patience=PATIENCE)
    events: list[str] = []
    x.fake.add_faults("silence:60@5")
    source = XSource(client, synchronise(client, [OFTEN]), on_event=events.append)
    found: list[OutgoingRecord] = []
    thread = reading(source, found)

    wait_for(lambda: source.counts.connections >= 2 and len(found) > 5, "a second connection")

    assert finished(source, thread)
    assert events[0] == "Disconnected (no data or heartbeat from X). Reconnecting now."


def test_heartbeats_keep_a_quiet_stream_connected() -> None:
    # A machine that is busy with something else may send them too late now and then.
    assert any(is_kept_connected() for _ in range(5))


def is_kept_connected() -> bool:
    with serving(FakeX(rate=1000.0, count=40, heartbeat=0.2)) as x:
        client = api(x, patience=PATIENCE)
        source = XSource(client, synchronise(client, [OFTEN]))
        found: list[OutgoingRecord] = []
        thread = reading(source, found)
        # Nothing can be seen of a heartbeat but that the connection outlives its absence.
        threading.Event().wait(1.5 * PATIENCE)

        assert finished(source, thread)
        if source.counts.connections > 1:
            return False
        assert len(found) == len(x.fake.sent)
        return True


def test_a_blocked_read_ends_at_once_and_keeps_what_came(x: Served) -> None:
    client = api(x)
    x.fake.heartbeat = 60.0
    x.fake.add_faults("silence:60@30")
    source = XSource(client, synchronise(client, [OFTEN]))
    found: list[OutgoingRecord] = []
    thread = reading(source, found)
    wait_for(lambda: len(found) == 30, "30 posts")

    assert finished(source, thread)
    assert ids(found) == ids_sent(x)


def ids(records: list[OutgoingRecord]) -> list[str]:
    return [json.loads(record.data)["data"]["id"] for record in records]


def ids_sent(x: Served) -> list[str]:
    return [x.fake.tweet(index).id for index in x.fake.sent]


class Waits:
    """Waits a thousandth of the time, and remembers how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._never = threading.Event()

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._never.wait(seconds / 1000)


FAULTS: dict[str, Callable[[list[float]], bool]] = {
    "drop@20": lambda waits: waits == [],
    "end@20": lambda waits: waits == [],
    "half-line@20": lambda waits: waits == [],
    "operational-disconnect@20": lambda waits: waits == [],
    "silence:60@20": lambda waits: waits == [],
    "rubbish@5": lambda waits: waits == [],
    "unknown@5": lambda waits: waits == [],
    "slow:5@5": lambda waits: waits == [],
    "500x2": lambda waits: waits == [5, 10],
    "401": lambda waits: waits == [5],
    "403x2": lambda waits: waits == [5, 10],
    "404": lambda waits: waits == [5],
    "409": lambda waits: waits == [5],
    "htmlx2": lambda waits: waits == [5, 10],
    "502": lambda waits: waits == [5],
    "503x8": lambda waits: waits == [5, 10, 20, 40, 80, 160, 320, 320],
    "504": lambda waits: waits == [5],
    "429:30": lambda waits: waits == [60],
    "429:700": lambda waits: len(waits) == 1 and 600 < waits[0] <= 701,
    "429-barex3": lambda waits: waits == [60, 120, 240],
    "too-many-connectionsx2": lambda waits: waits == [60, 120],
    "refuse:0.3": lambda waits: waits == [0.25 * n for n in range(1, len(waits) + 1)] != [],
    "duplicates:5": lambda waits: waits == [],
}


@pytest.mark.heavy
@pytest.mark.parametrize("fault", FAULTS)
def test_after_each_fault_the_stream_goes_on_by_xs_rules(fault: str) -> None:
    """Each disconnect that X documents: nothing sent is missed, and the waits are X's own."""
    with serving(FakeX(rate=2000.0, heartbeat=0.2, count=POSTS, match_all=True)) as x:
        waits = Waits()
        client = api(x, patience=PATIENCE if "silence" in fault else LASTING)
        source = XSource(client, synchronise(client, [OFTEN]), wait=waits)
        found: list[OutgoingRecord] = []
        x.fake.add_faults(*([fault] if "@" in fault else ["drop@20", fault]))
        thread = reading(source, found)
        readable = POSTS - fault.startswith("half-line")
        try:
            wait_for(lambda: len(found) >= readable, "all posts")
        finally:
            ended = finished(source, thread)

        assert ended
        assert x.fake.script.pending == []
        assert FAULTS[fault](waits.seconds), waits.seconds
        assert len(found) == readable
        assert sorted(ids(found)) == sorted(set(ids_sent(x)))
