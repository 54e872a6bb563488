"""From a request to an answer, each held against the published description on its way."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.servers.mastodon import routes
from tests.servers.mastodon.contract import Checked, Contract, corrected_contract
from tests.servers.mastodon.disagreements import Schema
from tests.servers.mastodon.faults import Fault, Faults
from tests.servers.mastodon.scheduled import publish_due
from tests.servers.mastodon.state import State
from tests.servers.mastodon.throttle import Throttle, TooManyError
from tests.servers.mastodon.wire import (
    Answer,
    RefusedError,
    Request,
    normal_path,
    read_body,
    read_query,
)

HIDDEN = "[hidden]"
SECRET_FIELDS = {"client_secret", "code", "code_verifier", "token"}
UNTOLD_DETAIL = "We're sorry, but something went wrong on our end."
WORDS = {  # of the errors that a test may ask for
    401: "The access token is invalid",
    403: "This action is outside the authorized scopes",
    404: "Record not found",
    429: "Too many requests",
}
OF_THE_PROXY = (413, 502, 503, 504)  # these come from the proxy in front of Mastodon


@dataclass
class Recorded:
    """A request as tests may look at it: no secrets, and what was wrong with it."""

    method: str
    path: str
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    account: str | None = None  # the name
    status: int | None = None  # what it was answered; None when nothing was
    problems: list[str] = field(default_factory=list)  # against the description
    unknown: list[str] = field(default_factory=list)  # parameters it does not know


@dataclass
class Service:
    """One server's rules around its state; knows nothing of sockets."""

    state: State = field(default_factory=State)
    throttle: Throttle = field(default_factory=Throttle)
    faults: Faults = field(default_factory=Faults)
    contract: Contract = field(default_factory=corrected_contract)
    requests: list[Recorded] = field(default_factory=list)
    contract_failures: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer | None, Fault | None]:
        """Answer a request, or None to close the connection without a word."""
        parts = urlsplit(target)
        path = normal_path(parts.path)
        recorded = Recorded(method, path, headers=without_secrets(headers))
        self.requests.append(recorded)
        fault = self.faults.take(method, path)
        answer: Answer | None = None
        if fault is not None and fault.delay:
            self.closing.wait(fault.delay)
        if fault is None or fault.does_work:
            request = Request(method, path, read_query(parts.query), {}, headers)
            answer = self._work(request, body, recorded)
        if fault is not None:
            answer = faulty(fault, answer)
        recorded.status = answer.status if answer is not None else None
        return answer, fault

    def _work(self, request: Request, body: bytes, recorded: Recorded) -> Answer:
        """Route, check and answer one request; what is refused is answered, too."""
        limits: dict[str, str] = {}
        operation = self.contract.operation(request.method, request.path)
        try:
            if request.path.startswith("/api/"):
                limits = self._count(request)
            answer = self._handled(request, operation, body, recorded)
        except TooManyError as exc:
            return Answer(exc.body, exc.status, exc.headers)
        except RefusedError as exc:
            answer = Answer(exc.body, exc.status)
        except Exception as exc:  # noqa: BLE001 - a fault of ours must fail the test, not hang it
            self.contract_failures.append(f"{request.method} {request.path}: {exc!r}")
            answer = Answer({"error": UNTOLD_DETAIL}, 500)
        challenge = {"WWW-Authenticate": 'Bearer realm="Doorkeeper"'}
        answer.headers = limits | answer.headers | (challenge if answer.status == 401 else {})
        return self._as_described(request, operation, answer)

    def _count(self, request: Request) -> dict[str, str]:
        """Count a call against its account's limits, or the visitors'."""
        value = request.headers.get("authorization", "").partition(" ")[2]
        token = self.state.tokens.get(value)
        who = token.account.id if token is not None and token.account is not None else "visitors"
        with self.state.lock:
            now = self.state.clock.now()
            return self.throttle.count(who, request.method, request.path, now)

    def _handled(
        self, request: Request, operation: Schema | None, body: bytes, recorded: Recorded
    ) -> Answer:
        """Find the handler, check who asks and what for, and let it answer."""
        found = routes.find(request.method, request.path)
        if found is None:
            recorded.problems.append("the stand-in has no such address")
            raise RefusedError(404, "Not Found")
        route, request.variables = found
        scopes = self.contract.scopes(request.method, request.path)
        routes.sign_in(self.state, route, scopes, request)
        recorded.account = request.account.username if request.account else None
        request.fields = read_body(request.headers.get("content-type", ""), body)
        self._check(request, operation, recorded)
        with self.state.lock:
            publish_due(self.state)
        if route.own_lock:
            return route.handler(self.state, request)
        with self.state.lock:
            return route.handler(self.state, request)

    def _check(self, request: Request, operation: Schema | None, recorded: Recorded) -> None:
        """Hold the parameters against the description and note what is wrong.

        A parameter that is missing is left to the handler, which says so in Mastodon's words.

        Raises:
            RefusedError: a parameter is of the wrong kind.
        """
        query, fields = Checked(request.query), Checked(request.fields)
        if operation is not None:
            query = self.contract.check_query(operation, request.query)
            fields = self.contract.check_body(operation, request.fields)
        request.query, request.fields = query.values, fields.values
        recorded.query, recorded.fields = request.query, without_secrets(request.fields)
        recorded.unknown = query.unknown + fields.unknown
        wrong = query.wrong + fields.wrong
        recorded.problems += query.missing + fields.missing + wrong
        if wrong:
            raise RefusedError(422, f"Validation failed: {'; '.join(wrong)}")

    def _as_described(self, request: Request, operation: Schema | None, answer: Answer) -> Answer:
        """An answer that is not as described becomes a 500, and the test fails at its end."""
        if operation is None or answer.raw is not None:
            return answer
        if request.path in self.state.flavour.unlike:
            return answer
        faults = self.contract.check_answer(operation, answer.status, answer.body)
        if not faults:
            return answer
        self.contract_failures += [f"{request.method} {request.path}: {each}" for each in faults]
        return Answer({"error": UNTOLD_DETAIL}, 500)


def without_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that may be printed."""
    hidden = SECRET_FIELDS | {"authorization", "cookie"}
    return {name: HIDDEN if name in hidden else value for name, value in given.items()}


def faulty(fault: Fault, answer: Answer | None) -> Answer | None:
    """What the fault makes of an answer."""
    if fault.drop_request or fault.drop_answer:
        return None
    if fault.status is None:
        return answer
    if fault.body is not None:
        return Answer(status=fault.status, raw=fault.body, headers=fault.headers)
    if fault.status in OF_THE_PROXY:
        document = f"<html><h1>{fault.status}</h1><hr>nginx</html>".encode()
        return Answer(None, fault.status, fault.headers, document, "text/html")
    return Answer({"error": WORDS.get(fault.status, UNTOLD_DETAIL)}, fault.status, fault.headers)
