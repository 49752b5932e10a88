"""An endpoint of AWS's APIs on loopback that answers the calls it was given answers for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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
    """Answers some calls; all others it leaves without an answer, or denies, with this code."""

    def __init__(
        self, answers: Mapping[str, str], *, denies: bool = False, code: str = "AccessDenied"
    ) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._denies = denies
        self._code = code
        self._over = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                endpoint._answer(self, body)

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def serving(self) -> Iterator[Endpoint]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        found = re.search(rb"Action=(\w+)", body)
        target = request.headers.get("X-Amz-Target", "")
        operation = target.rpartition(".")[2] or (found[1].decode() if found else request.path)
        self.asked.append(operation)
        answer = self._answers.get(operation)
        if answer is None and not self._denies:
            self.asked.append(UNANSWERED)
            self._over.wait()
            return
        request.send_response(400 if answer is None else 200)
        answer = answer or (_DENIED_XML.format(self._code) if found else _DENIED)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer.encode())
