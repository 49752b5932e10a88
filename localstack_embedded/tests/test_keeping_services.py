"""The state of LocalStack's services and moto, saved and restored in another process."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import indent

import pytest

from localstack_embedded import ensure_environment, shared_home

# A table that grows while it is saved, and the state of another service.
TAKE_OUT = """
import sys
from collections import defaultdict
from pathlib import Path
from localstack_embedded_plugin.dynamodb.tables import LOCK, KeptItem, Place, mend, plain
from localstack_embedded_plugin.keeping import services
from localstack.services.sqs.models import StandardQueue, sqs_stores
from moto.dynamodb.models import dynamodb_backends

mend()
table = dynamodb_backends["111111111111"]["us-east-1"].create_table(
    "table", schema=[{"AttributeName": "id", "KeyType": "HASH"}],
    attr=[{"AttributeName": "id", "AttributeType": "S"}], throughput=None, global_indexes=[],
    indexes=[], streams={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    billing_mode="PAY_PER_REQUEST", sse_specification=None, tags=[],
    deletion_protection_enabled=False)
sqs_stores["111111111111"]["us-east-1"].queues["q"] = StandardQueue("q", "us-east-1", "1" * 12)

def put():
    id_ = str(len(table.items))
    Place(table, {"id": {"S": id_}}).set({"id": {"S": id_}})

class Meanwhile:
    def __reduce__(self):
        put()
        return str, ()

class Items(defaultdict):
    def items(self):
        assert LOCK._is_owned()  # or half of a transaction may be taken out
        return super().items()

table.items = Items(dict)
for _ in range(100):
    put()
next(iter(table.items.values())).plain["more"] = Meanwhile()
folder = Path(sys.argv[1])
parts = services.parts()
made = {name: make() for name, (_service, make) in parts.items()}
assert len(table.items) == 101
# What moto has begun to read is whole at any moment, also before the property has its value.
item = [*table.items.values()][-1]
whole = plain(item)
KeptItem.attrs.func(item)
assert plain(item) == whole
for name, content in made.items():
    (folder / name).write_bytes(content)
print(*sorted(service for service, _ in parts.values()))
"""

GIVE_BACK = """
import sys
from pathlib import Path
from localstack_embedded_plugin.keeping import services

folder = Path(sys.argv[1])
restored = []
services.give_back(
    [path.name for path in folder.iterdir()],
    lambda name: (folder / name).read_bytes(),
    lambda service, holder: restored.append(service),
)
import localstack.services.sqs.provider  # whose modules import each other in circles
from localstack.services.sqs.models import sqs_stores
queue = sqs_stores["111111111111"]["us-east-1"].queues["q"]
assert queue.attributes["ApproximateNumberOfMessages"]() == "0"
assert queue.mutex.acquire(blocking=False)
from moto.dynamodb.models import dynamodb_backends
table = dynamodb_backends["111111111111"]["us-east-1"].tables["table"]
assert len(table.items) == len(table.stream_shard.items) == 100
assert table.stream_shard.table is table
print(*restored)
"""


def run(program: str, folder: Path) -> str:
    """What the program prints, in LocalStack's environment."""
    python = ensure_environment(shared_home()).python
    ended = subprocess.run(
        [python, "-W", "ignore", "-c", program, folder], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.heavy
def test_what_services_hold_comes_back(tmp_path: Path) -> None:
    assert run(TAKE_OUT, tmp_path) == "dynamodb sqs"
    assert run(GIVE_BACK, tmp_path) == "sqs dynamodb"


@pytest.mark.heavy
def test_what_can_not_be_given_back_is_told(tmp_path: Path) -> None:
    (tmp_path / "localstack.services.sqs.models:sqs_stores").write_bytes(b"not a pickle")
    program = f"import pickle\ntry:\n{indent(GIVE_BACK, '    ')}"
    program += "\nexcept pickle.UnpicklingError as error:\n    print('told')"
    assert run(program, tmp_path) == "told"
