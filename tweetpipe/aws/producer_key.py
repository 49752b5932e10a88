"""The producer's access key, reloaded if it is replaced while a producer runs.

A higher ProducerKeyVersion makes CloudFormation create a new key, put it into the secret and the
outputs, and delete the old one. From one call to the next, AWS then rejects the key that a running
producer uses. A new key also takes a few seconds to work everywhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

# The errors of several services for a deleted key, and for an id that doesn't match the secret.
_REFUSED = frozenset(
    {
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    }
)
_PATIENCE = 60.0
"""Seconds for which a key may be rejected, during an update or until AWS knows the new key."""
_PAUSE = 2.0


class _Key(NamedTuple):
    access_key_id: str
    secret_access_key: str


def kinesis(
    place: Place,
    deployed: Stack,
    config: Config,
    *,
    say: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    pause: float = _PAUSE,
) -> KinesisClient:
    """A client that signs as the stack's producer, and keeps working if its key is replaced."""
    key = _read(place, deployed)
    signer = place.signed_by(**key._asdict())
    client = signer.kinesis(config)
    # Each call, and each retry, is signed with the current contents of this object.
    credentials: Any = signer.session.get_credentials()
    lock = threading.Lock()
    refused_since: float | None = None

    def again(response: tuple[Any, Mapping[str, Any]] | None, **_: object) -> float | None:
        """Seconds until the call is retried; None for errors that aren't about the key."""
        nonlocal key, refused_since
        code = response and response[1].get("Error", {}).get("Code")
        with lock:
            if code not in _REFUSED:
                refused_since = refused_since if code else None
                return None
            if refused_since is None:
                refused_since = clock()
                say("AWS rejects the producer's access key. Loading it again")
            if clock() - refused_since >= _PATIENCE:
                return None
            with suppress(BotoCoreError, ClientError, TweetpipeError):
                key = _read(place, stacks.get(place, deployed.name))
            if (credentials.access_key, credentials.secret_key) == key:
                return pause
            credentials.access_key, credentials.secret_key = key
            return 0.0

    # Before botocore's own handler, which does not retry these errors.
    events: Any = client.meta.events
    events.register_first("needs-retry.kinesis", again)
    return client


def _read(place: Place, deployed: Stack) -> _Key:
    secret = place.secretsmanager().get_secret_value(SecretId=deployed.outputs["ClientSecretArn"])
    return _Key(deployed.outputs["AccessKeyId"], secret["SecretString"])
