import logging
import ssl
import traceback
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.core.errors import (
    SourceError,
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)
from tests.core.postgres import Postgres, postgres
from tests.core.proxy import Proxy
from tests.core.web.certificates import Authority, Issued

__all__ = ["postgres"]

PASSWORD = "hunter-2-secret"


@pytest.fixture(scope="module", autouse=True)
def things(postgres: Postgres) -> None:
    postgres.sql("DROP ROLE IF EXISTS plain")
    postgres.sql("CREATE ROLE plain LOGIN PASSWORD 'hunter-2-secret'")
    postgres.sql("CREATE ROLE reader LOGIN")
    postgres.sql("CREATE ROLE nobody_enters")
    postgres.sql("CREATE TABLE things (id int, name text, raw bytea)")
    postgres.sql("CREATE DATABASE ascii ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0")
    postgres.sql("CREATE DATABASE closed ALLOW_CONNECTIONS false")


async def failure(conninfo: str, query: LiteralString = "SELECT 1") -> SourceError:
    async with Database("app", SecretStr(conninfo)) as database:
        with pytest.raises(SourceError) as caught:
            await database.fetch(query, deadline=5)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("query", "kind", "words"),
    [
        ("SELECT * FROM nothing", SourceMismatch, 'relation "nothing" does not exist'),
        ("SELECT nothing FROM things", SourceMismatch, 'column "nothing" does not exist'),
        ("SELECT t.nothing FROM things AS t", SourceMismatch, "column t.nothing does not exist"),
        ("SELECT sum(name) FROM things", SourceMismatch, "function sum(text) does not exist"),
        ("SELECT id = name FROM things", SourceMismatch, "operator does not exist"),
        ("SELECT 1 FROM things WHERE name", SourceMismatch, "another type"),
        ("SELECT nowhere.f()", SourceMismatch, 'schema "nowhere" does not exist'),
        ("SELECT FROM WHERE", SourceRejected, "not valid SQL"),
        ("SELECT 1 / 0", SourceMalformed, "cannot compute"),
        ("SELECT 'hunter-2-secret'::int", SourceMalformed, "cannot compute"),
        ("DELETE FROM things", SourceRejected, "may only read"),
        ("SELECT pg_sleep(60)", SourceTimeout, "deadline"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", SourceUnavailable, "shutting down"),
        ("COPY things TO STDOUT", SourceRejected, "none that gives rows"),
        ("VACUUM", SourceRejected, "SQLSTATE 25001"),
    ],
)
async def test_what_is_wrong_with_a_query_is_said_in_one_line(
    postgres: Postgres, query: LiteralString, kind: type[SourceError], words: str
) -> None:
    async with Database("app", postgres.secret()) as database:
        with pytest.raises(kind) as caught:
            await database.fetch(query, deadline=0.3)
    assert str(caught.value).startswith("app: ")
    assert words in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_role_without_permission_is_told_what_to_grant(postgres: Postgres) -> None:
    error = await failure(postgres.conninfo(user="reader"), "SELECT id FROM things")
    assert str(error) == "app: permission denied for table things; grant SELECT on it"


async def test_a_text_that_is_not_utf_8_is_malformed(postgres: Postgres) -> None:
    error = await failure(postgres.conninfo("ascii"), "SELECT E'\\377'")
    assert error.reason == "malformed"


@pytest.mark.parametrize(
    ("keywords", "reason", "words"),
    [
        ({"user": "nobody_enters"}, "rejected", "refused the user"),
        ({"user": "stranger"}, "rejected", "refused the user"),
        ({"dbname": "nothing"}, "rejected", "database of that name does not exist"),
        ({"dbname": "closed"}, "rejected", "accepts no connection"),
        ({"host": "127.0.0.1"}, "rejected", "allows no connection from here"),
        ({"host": "127.0.0.1", "user": "plain", "password": ""}, "rejected", "wants a password"),
        ({"host": "127.0.0.1", "user": "plain", "password": "x"}, "rejected", "user or password"),
        (
            {"host": "127.0.0.1", "port": 1},
            "unavailable",
            "nothing listens at that address (does it run, is the port right?)",
        ),
        (
            {"host": "/nowhere"},
            "unavailable",
            "nothing listens at that socket (does it run, is the folder right?)",
        ),
        ({"host": "db.invalid"}, "unavailable", "host name cannot be resolved"),
        ({"host": "127.0.0.1", "sslmode": "require"}, "rejected", "does not offer it"),
        ({"sslmode": "sometimes"}, "rejected", "connection string is not valid"),
        ({"port": 99999, "host": "127.0.0.1"}, "rejected", "connection string is not valid"),
    ],
)
async def test_why_no_connection_is_had_is_said_in_one_line(
    postgres: Postgres, keywords: dict[str, str | int], reason: str, words: str
) -> None:
    error = await failure(postgres.conninfo(**({"password": PASSWORD} | keywords)))  # type: ignore[arg-type]
    assert (error.reason, str(error).startswith("app: ")) == (reason, True)
    assert words in str(error)
    assert_silent_about(str(error), keywords)


def assert_silent_about(text: str, keywords: dict[str, str | int]) -> None:
    for value in (PASSWORD, *map(str, keywords.values())):
        assert not value or value not in text.split()


@pytest.mark.parametrize(
    "conninfo",
    [
        "hunter-2-secret",
        "hosst=x password=hunter-2-secret",
        "postgresql://h/d?hunter-2-secret",
        "password='hunter-2-secret",
    ],
)
async def test_a_connection_string_that_is_not_one_is_never_quoted(conninfo: str) -> None:
    error = await failure(conninfo)
    assert str(error) == "app: the connection string is not valid"
    assert PASSWORD not in "".join(traceback.format_exception(error))


async def test_a_server_without_a_free_connection_is_unavailable(postgres: Postgres) -> None:
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(psycopg.connect(postgres.conninfo()))
            except psycopg.OperationalError:
                break
        error = await failure(postgres.conninfo(user="reader"))
        assert (error.reason, str(error)) == (
            "unavailable",
            "app: the server has no connection left",
        )


async def test_a_server_that_does_not_answer_is_a_timeout(postgres: Postgres) -> None:
    async with Proxy(postgres.port) as network:
        network.silent = True
        error = await failure(
            postgres.conninfo(host="127.0.0.1", port=network.port, connect_timeout=2)
        )
    assert (error.reason, str(error)) == ("timeout", "app: no connection in time")


async def test_libpqs_own_words_reach_no_log(
    postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await failure(postgres.conninfo(host="127.0.0.1", user="plain", password=PASSWORD, port=1))
    assert [r.message for r in caplog.records if r.name.startswith("psycopg")] == []


def test_a_database_says_nothing_of_its_connection_string() -> None:
    assert repr(Database("app", SecretStr(f"password={PASSWORD}"))) == "Database('app')"


class Tls:
    """The server behind TLS, with one certificate or another."""

    def __init__(self, network: Proxy, postgres: Postgres, root: Path) -> None:
        self.network = network
        self._postgres = postgres
        self._root = root

    def shows(self, issued: Issued) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.cert, issued.key)
        self.network.tls = context

    def conninfo(self, **keywords: str) -> str:
        trusting = {
            "host": "localhost",
            "port": self.network.port,
            "user": "plain",
            "password": PASSWORD,
            "sslmode": "verify-full",
            "sslrootcert": str(self._root),
        }
        return self._postgres.conninfo(**(trusting | keywords))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create("house", tmp_path_factory.mktemp("house"))


@pytest.fixture
async def tls(postgres: Postgres, house: Authority) -> AsyncIterator[Tls]:
    async with Proxy(postgres.port) as network:
        tls = Tls(network, postgres, house.cert)
        tls.shows(house.issue())
        yield tls


async def test_a_certificate_is_verified_in_full(tls: Tls) -> None:
    async with Database("app", SecretStr(tls.conninfo())) as database:
        assert await database.fetch("SELECT 1", deadline=5) == [(1,)]


async def test_an_expired_certificate_is_refused(tls: Tls, house: Authority) -> None:
    tls.shows(house.issue(expired=True))
    error = await failure(tls.conninfo())
    assert str(error) == "app: the server's certificate is not trusted, or has expired"
    assert error.reason == "rejected"


async def test_a_certificate_for_another_host_is_refused(tls: Tls, house: Authority) -> None:
    tls.shows(house.issue(["db.example.org"], name="elsewhere"))
    assert str(await failure(tls.conninfo())) == "app: the server's certificate is for another host"


async def test_a_certificate_of_a_stranger_is_refused(tls: Tls, tmp_path: Path) -> None:
    stranger = Authority.create("stranger", tmp_path)
    error = await failure(tls.conninfo(sslrootcert=str(stranger.cert)))
    assert str(error) == "app: the server's certificate is not trusted, or has expired"


async def test_a_root_certificate_that_cannot_be_read_is_named(tls: Tls) -> None:
    error = await failure(tls.conninfo(sslrootcert="/nowhere/root.crt"))
    assert str(error) == "app: the root certificate file cannot be read"


async def test_a_key_that_others_may_read_is_refused(tls: Tls, house: Authority) -> None:
    client = house.issue(client=True)
    client.key.chmod(0o644)
    error = await failure(tls.conninfo(sslcert=str(client.cert), sslkey=str(client.key)))
    assert str(error) == "app: the client's key cannot be used"
