"""The server's log stays small, and its first telling words are quoted."""

import os
from pathlib import Path

from exporters.embedded.log import Log

LIMIT = 4 * 2**20


def test_a_log_that_is_too_long_starts_over_under_its_server(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    log = Log(path)
    with log.opened() as server:
        os.write(server, b"x" * (LIMIT - 1))
        log.rotate()
        assert path.stat().st_size == LIMIT - 1
        os.write(server, b"y")
        log.rotate()
        os.write(server, b"later\n")
    assert path.read_text() == "later\n"
    assert (tmp_path / "server.log.1").stat().st_size == LIMIT


def test_what_an_earlier_start_said_is_not_quoted(tmp_path: Path) -> None:
    log = Log(tmp_path / "server.log")
    with log.opened() as server:
        os.write(server, b"2026-01-01 00:00:00 UTC [7] FATAL:  an old trouble\n")
    with log.opened() as server:
        os.write(server, b"2026-01-01 00:00:01 UTC [8] LOG:  starting\n")
        os.write(server, b"2026-01-01 00:00:01 UTC [8] FATAL:  a new trouble\n")
        os.write(server, b"2026-01-01 00:00:01 UTC [8] HINT:  Do this.\n")
    assert log.said() == "FATAL:  a new trouble HINT:  Do this."


def test_a_log_that_says_nothing_is_named(tmp_path: Path) -> None:
    assert Log(tmp_path / "server.log").said() == f"see {tmp_path}/server.log"
