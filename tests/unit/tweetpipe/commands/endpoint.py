"""An endpoint of AWS's APIs on loopback with prepared answers."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.http_server import Request, serving

_DENIED = '{"__type": "AccessDeniedException", "message": "denied"}'
_DENIED_XML = "<Response><Error><Code>{}</Code></Error></Response>"
UNANSWERED = "a call without an answer"

OUTPUTS = {
    "AccessKeyId": "AKIA",
    "ClientSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s",
    "DDBEventProcessor": "tweets-DDBEventProcessor",
    "DeadLetterQueueUrl": "http://localhost/000000000000/tweets-DeadLetters",
    "EventDataTable": "tweets-EventData",
    "KinesisStream": "tweets-EventStream",
    "Region": "us-east-1",
}
_MEMBERS = "".join(
    f"<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>"
    for name, value in OUTPUTS.items()
)


def xml(action: str, content: str) -> str:
    return f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>"


def stack_in(status: str) -> str:
    return xml(
        "DescribeStacks",
        "<Stacks><member><StackName>tweets</StackName><StackId>arn:stack</StackId>"
        f"<StackStatus>{status}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>"
        f"<Outputs>{_MEMBERS}</Outputs></member></Stacks>",
    )


KNOWS_THE_STACK = {
    "DescribeStacks": stack_in("CREATE_COMPLETE"),
    "GetCallerIdentity": xml("GetCallerIdentity", "<Account>000000000000</Account><Arn>a</Arn>"),
}


class Endpoint:
    """Answers some calls; leaves others without an answer, or denies them with this code."""

    url: str

    def __init__(
        self, answers: Mapping[str, str], *, denies: bool = False, code: str = "AccessDenied"
    ) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._denies = denies
        self._code = code
        self._over = threading.Event()

    @contextmanager
    def serving(self) -> Iterator[Endpoint]:
        with serving(self._answer) as self.url:
            try:
                yield self
            finally:
                self._over.set()

    def _answer(self, request: Request) -> None:
        found = re.search(rb"Action=(\w+)", request.body)
        target = request.headers.get("X-Amz-Target", "")
        operation = target.rpartition(".")[2] or (found[1].decode() if found else request.path)
        self.asked.append(operation)
        answer = self._answers.get(operation)
        if answer is None and not self._denies:
            self.asked.append(UNANSWERED)
            self._over.wait()
            return
        said = answer or (_DENIED_XML.format(self._code) if found else _DENIED)
        request.reply(400 if answer is None else 200, said.encode(), {})
