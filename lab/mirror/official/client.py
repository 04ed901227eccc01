"""Questions to official names: over TLS that the system's store trusts, with a limit on every wait, and a reason for each failure."""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

SECONDS = 20.0  # for each wait: the connection, the headers, each piece of the body
PIECE = 1 << 18
AGENT = [("User-Agent", "isthmus-lab")]
LARGEST_DOCUMENT = 64 << 20  # bytes; an index or a list of hashes is smaller
TRIES = 2
Result = TypeVar("Result")


class NotHad(Exception):
    """What was asked for can't be had, or is not what its publisher made; the message is the reason.

    `again`: another try may succeed. `status`: the HTTP status; None if there was no answer.
    `challenge`: what a 401 asks for (WWW-Authenticate).
    """

    def __init__(self, reason: str, *, again: bool = False, status: int | None = None, challenge: str = "") -> None:
        self.again, self.status, self.challenge = again, status, challenge
        super().__init__(reason)


class OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follow a redirect to another name, but never out of TLS."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The next request; NotHad if it would not be encrypted."""
        if urlsplit(newurl).scheme != "https":
            raise NotHad(f"{req.full_url} leads to {newurl}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """No next request."""


class Client:
    """The environment's proxy (HTTPS_PROXY, NO_PROXY) is used if there is one. `seconds`: the limit of each wait."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.tls = urllib.request.HTTPSHandler(context=ssl.create_default_context())
        self.opener = urllib.request.build_opener(self.tls, OnlyHttps())
        self.opener.addheaders = AGENT

    def reach(self, host: str, seconds: float) -> None:
        """Return if the name answers a request over TLS with any status; NotHad if not."""
        opener = urllib.request.build_opener(self.tls, NoRedirect())
        opener.addheaders = AGENT
        request = urllib.request.Request(f"https://{host}/", method="HEAD")
        with _named(request.full_url, seconds):
            try:
                opener.open(request, timeout=seconds).close()
            except urllib.error.HTTPError as answer:
                answer.close()

    @contextmanager
    def pieces(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[bytes]]:
        """Within, the body of an answer, piece by piece. NotHad, also from the iterator, if it does not come whole."""
        request = urllib.request.Request(url)
        for name, value in (headers or {}).items():
            # Not sent to where a redirect leads: a registry's token is for that registry.
            add = request.add_unredirected_header if name == "Authorization" else request.add_header
            add(name, value)
        with _named(url, self.seconds), self.opener.open(request, timeout=self.seconds) as answer:
            yield _whole(url, answer)

    def document(self, url: str, headers: Mapping[str, str] | None = None) -> bytes:
        """A small body from memory; asked again once if the first answer failed in a way that may pass."""

        def ask() -> bytes:
            collected = bytearray()
            with self.pieces(url, headers) as body:
                for piece in body:
                    collected += piece
                    if len(collected) > LARGEST_DOCUMENT:
                        raise NotHad(f"{url} is larger than {LARGEST_DOCUMENT >> 20} MB")
            return bytes(collected)

        return persistently(ask)


def persistently(ask: Callable[[], Result]) -> Result:
    """The result of a question that may be asked TRIES times."""
    for _ in range(TRIES - 1):
        try:
            return ask()
        except NotHad as failure:
            if not failure.again:
                raise
    return ask()


def _whole(url: str, answer: http.client.HTTPResponse) -> Iterator[bytes]:
    expected, received = answer.headers.get("Content-Length"), 0
    while piece := answer.read(PIECE):
        received += len(piece)
        yield piece
    # http.client reports a short body only if it is read at once.
    if expected is not None and received != int(expected):
        raise NotHad(f"{url} ended after {received} of {expected} bytes", again=True)


@contextmanager
def _named(url: str, seconds: float) -> Iterator[None]:
    """Every failure of a request as a NotHad with a reason."""
    try:
        yield
    except urllib.error.HTTPError as answer:
        challenge = answer.headers.get("WWW-Authenticate") or ""
        again = answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR
        answer.close()
        raise NotHad(
            f"{url} answers {answer.code} {answer.reason}".strip(), again=again, status=answer.code, challenge=challenge
        ) from None
    except http.client.HTTPException as failure:
        raise NotHad(f"{url}: the answer is broken ({type(failure).__name__})", again=True) from None
    except OSError as failure:
        reason = failure.reason if isinstance(failure, urllib.error.URLError) else failure
        raise NotHad(f"{url}: {_plain(reason, seconds)}", again=isinstance(reason, OSError)) from None


def _plain(reason: object, seconds: float) -> str:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted by this machine ({reason.verify_message})"
    if isinstance(reason, TimeoutError):
        return f"no answer within {seconds:g} s"
    return str(getattr(reason, "strerror", None) or reason)


def at_once(jobs: Mapping[str, Callable[[], Result]], seconds: float | None = None) -> dict[str, Result | Exception]:
    """Run all jobs at the same time; the result or the exception of each. A job that is not ready after `seconds` is a NotHad.

    The threads do not hold up the end of the program: a question to a name server can't be interrupted.
    """
    found: dict[str, Result | Exception] = {}
    changed = threading.Condition()

    def run(name: str, job: Callable[[], Result]) -> None:
        result: Result | Exception
        try:
            result = job()
        except Exception as failure:
            result = failure
        with changed:
            found[name] = result
            changed.notify()

    for name, job in jobs.items():
        threading.Thread(target=run, args=(name, job), daemon=True).start()
    with changed:
        changed.wait_for(lambda: len(found) == len(jobs), seconds)
        late = NotHad(f"no answer within {seconds:g} s") if seconds is not None else NotHad("no answer")
        return {name: found.get(name, late) for name in jobs}
