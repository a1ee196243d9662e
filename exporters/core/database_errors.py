"""What PostgreSQL and libpq say, as our errors: a typed reason and one line without a secret."""

import psycopg
from psycopg import errors as sql

from exporters.core.errors import (
    SourceError,
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)

_BY_CLASS: tuple[
    tuple[type[psycopg.Error] | tuple[type[psycopg.Error], ...], type[SourceError], str], ...
] = (
    (sql.LockNotAvailable, SourceTimeout, "a table is locked, and the wait for it was given up"),
    (sql.QueryCanceled, SourceTimeout, "the query took longer than its deadline and was cancelled"),
    (sql.DatatypeMismatch, SourceMismatch, "a column has another type than the query expects"),
    (sql.InvalidCatalogName, SourceRejected, "the database of that name does not exist"),
    (
        sql.ReadOnlySqlTransaction,
        SourceRejected,
        "the query wants to write, and may only read",
    ),
    (sql.SyntaxError, SourceRejected, "the query is not valid SQL"),
    (sql.TooManyConnections, SourceUnavailable, "the server has no connection left"),
    (sql.AdminShutdown, SourceUnavailable, "the server is shutting down"),
    (sql.CrashShutdown, SourceUnavailable, "the server went down"),
    (sql.CannotConnectNow, SourceUnavailable, "the server is starting or shutting down"),
    (psycopg.DataError, SourceMalformed, "the database cannot compute a value of the query"),
)

# Here PostgreSQL's own sentence holds names out of the query and nothing else.
_BY_NAMES: tuple[
    tuple[type[psycopg.Error] | tuple[type[psycopg.Error], ...], type[SourceError], str], ...
] = (
    (
        (sql.UndefinedTable, sql.UndefinedColumn, sql.InvalidSchemaName, sql.UndefinedFunction),
        SourceMismatch,
        "{sentence}",
    ),
    (sql.InsufficientPrivilege, SourceRejected, "{sentence}; grant SELECT on it"),
)

# libpq has no codes for what happens before the server answers; its words are the only sign.
_BY_WORDS: tuple[tuple[str, type[SourceError], str], ...] = (
    ("password authentication failed", SourceRejected, "the server refused the user or password"),
    ("no password supplied", SourceRejected, "the server wants a password"),
    ("authentication failed", SourceRejected, "the server refused the user"),
    ("no pg_hba.conf entry", SourceRejected, "the server allows no connection from here"),
    ("certificate has expired", SourceRejected, "the server's certificate has expired"),
    # libpq does not say which.
    (
        "certificate verify failed",
        SourceRejected,
        "the server's certificate is not trusted, or has expired",
    ),
    ("does not match host name", SourceRejected, "the server's certificate is for another host"),
    ("root certificate file", SourceRejected, "the root certificate file cannot be read"),
    ("private key file", SourceRejected, "the client's key cannot be used"),
    ("certificate file", SourceRejected, "the client's certificate cannot be used"),
    ("does not support ssl", SourceRejected, "TLS is wanted and the server does not offer it"),
    ("ssl error", SourceRejected, "TLS failed"),
    ("connection is bad: invalid", SourceRejected, "the connection string is not valid"),
    ("not currently accepting connections", SourceRejected, "the database accepts no connection"),
    ('role "', SourceRejected, "the server refused the user"),
    ('database "', SourceRejected, "the database of that name does not exist"),
    ("too many clients", SourceUnavailable, "the server has no connection left"),
    ("remaining connection slots", SourceUnavailable, "the server has no connection left"),
    ("starting up", SourceUnavailable, "the server is starting"),
    ("shutting down", SourceUnavailable, "the server is shutting down"),
    ("could not translate host name", SourceUnavailable, "the host name cannot be resolved"),
    ("failed to resolve host", SourceUnavailable, "the host name cannot be resolved"),
    (
        "connection refused",
        SourceUnavailable,
        "nothing listens at that address (does it run, is the port right?)",
    ),
    (
        "no such file or directory",
        SourceUnavailable,
        "nothing listens at that socket (does it run, is the folder right?)",
    ),
    ("timeout", SourceTimeout, "no connection in time"),
)


def translate(database: str, error: psycopg.Error) -> SourceError:
    """Return the error of ours for one of psycopg's; `database` is the name a person gave it."""
    for kind, ours, text in _BY_NAMES:
        if isinstance(error, kind):
            sentence = error.diag.message_primary or "something is missing"
            return ours(f"{database}: {text.format(sentence=' '.join(sentence.split()))}")
    for kind, ours, text in _BY_CLASS:
        if isinstance(error, kind):
            return ours(f"{database}: {text}")
    if error.sqlstate is not None:
        failed = isinstance(error, psycopg.OperationalError)
        ours, text = (
            (SourceUnavailable, "the server failed")
            if failed
            else (SourceRejected, "the server refused the query")
        )
        return ours(f"{database}: {text} (SQLSTATE {error.sqlstate})")
    return _by_words(database, error)


def _by_words(database: str, error: psycopg.Error) -> SourceError:
    """Return the error for one that has no code: it came from libpq or from psycopg itself."""
    if isinstance(error, psycopg.ProgrammingError):
        return SourceRejected(f"{database}: the query is none that gives rows")
    words = str(error).lower()
    for part, ours, text in _BY_WORDS:
        if part in words:
            return ours(f"{database}: {text}")
    return SourceUnavailable(f"{database}: the connection failed or was lost")
