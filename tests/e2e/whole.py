"""A platform at work for the long soak: a CDN that sends 20,000 lines a second, and bad luck."""

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from random import Random
from time import monotonic, sleep

from tests.answering import answering, body_of
from tests.e2e.test_stream import TOKEN

RATE = 20_000
BATCH = 5_000
LISTENERS = 50_000
EPISODES = 20
_LINE = (
    '{"time":"%s","elapsed_us":250000,"method":"GET","host":"cdn.example.com",'
    '"path":"/uploads/show/%d/show-%d.mp3","status":206,"body_bytes":1000000,'
    '"range":"bytes=0-999999","content_range":"bytes 0-999999/10000000",'
    '"user_agent":"Player/1.0","client_ip":"10.%d.%d.1","country":"DE","continent":"EU",'
    '"pop":"FRA","cache":"HIT","protocol":"HTTP/2","ipv6":false,"inner":false,"shield":0,'
    '"error":""}'
)
_UNLUCKY = 0.03
"""Batches whose client is gone in the middle, or before it hears the answer."""


class Cdn(threading.Thread):
    """Sends batches at the rate, each unchanged until it is answered 200; counts what it sent."""

    def __init__(self, port: int, dice: Random) -> None:
        super().__init__(name="cdn", daemon=True)
        self.lines = 0
        self.restarts = 0
        self.behind = 0.0
        """Seconds that it was behind its rate at most."""
        self.downloads: set[tuple[str, int]] = set()
        """Day, and listener with episode: each is one download."""
        self._port = port
        self._dice = dice
        self._done = threading.Event()

    def run(self) -> None:
        due = monotonic()
        while not self._done.is_set():
            body, downloads = self._batch()
            self._deliver(body)
            self.lines += BATCH
            self.downloads |= downloads
            due += BATCH / RATE
            self.behind = max(self.behind, monotonic() - due)
            sleep(max(0.0, due - monotonic()))

    def end(self) -> None:
        """Stop when the batch under way is answered."""
        self._done.set()
        self.join(120)
        assert not self.is_alive()

    def _batch(self) -> tuple[bytes, set[tuple[str, int]]]:
        now = datetime.now(UTC)
        day, text = f"{now:%F}", now.isoformat()
        picks = [self._dice.randrange(LISTENERS * EPISODES) for _ in range(BATCH)]
        lines = (
            _LINE % (text, pick % EPISODES, pick % EPISODES, who // 250, who % 250)
            for pick in picks
            for who in (pick // EPISODES,)
        )
        body = gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=1)
        return body, {(day, pick) for pick in picks}

    def _deliver(self, body: bytes) -> None:
        while self._dice.random() < _UNLUCKY:
            self._vanish(body)
        while not self._post(body):
            sleep(0.2)

    def _post(self, body: bytes) -> bool:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", "/ingest/fastly", body, self._headers(body))
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _vanish(self, body: bytes) -> None:
        """Be a client that is restarted: half of the body is sent, or all and no answer heard."""
        self.restarts += 1
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers(body).items())
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 10) as client:
            client.sendall(f"POST /ingest/fastly HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
            client.sendall(body[: len(body) // self._dice.choice((1, 2))])
            sleep(self._dice.choice((0.0, 0.5)))

    @staticmethod
    def _headers(body: bytes) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {TOKEN}",
            "Content-Encoding": "gzip",
            "Content-Length": str(len(body)),
        }


@contextmanager
def loki() -> Iterator[str]:
    """Take whatever is pushed, and keep nothing of it."""

    def take(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        body_of(request)
        return 204, ""

    with answering(take) as address:
        yield f"http://{address}"
