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
    (sql.UndefinedTable, SourceMismatch, "a table of the query does not exist"),
    (sql.UndefinedColumn, SourceMismatch, "a column of the query does not exist"),
    (sql.InvalidSchemaName, SourceMismatch, "a schema of the query does not exist"),
    (sql.UndefinedFunction, SourceMismatch, "a column has another type than the query expects"),
    (sql.DatatypeMismatch, SourceMismatch, "a column has another type than the query expects"),
    (sql.InvalidCatalogName, SourceRejected, "the database of that name does not exist"),
    (sql.InsufficientPrivilege, SourceRejected, "permission denied; grant SELECT on the table"),
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

# libpq has no codes for what happens before the server answers; its words are the only sign.
_BY_WORDS: tuple[tuple[str, type[SourceError], str], ...] = (
    ("password authentication failed", SourceRejected, "the server refused the user or password"),
    ("no password supplied", SourceRejected, "the server wants a password"),
    ("authentication failed", SourceRejected, "the server refused the user"),
    ("no pg_hba.conf entry", SourceRejected, "the server allows no connection from here"),
    ("certificate has expired", SourceRejected, "the server's certificate has expired"),
    ("certificate verify failed", SourceRejected, "the server's certificate is not trusted"),
    ("does not match host name", SourceRejected, "the server's certificate is for another host"),
    ("root certificate file", SourceRejected, "the root certificate file cannot be read"),
    ("does not support ssl", SourceRejected, "TLS is wanted and the server does not offer it"),
    ("ssl error", SourceRejected, "TLS failed"),
    ('role "', SourceRejected, "the server refused the user or database"),
    ('database "', SourceRejected, "the database of that name does not exist"),
    ("too many clients", SourceUnavailable, "the server has no connection left"),
    ("remaining connection slots", SourceUnavailable, "the server has no connection left"),
    ("starting up", SourceUnavailable, "the server is starting"),
    ("shutting down", SourceUnavailable, "the server is shutting down"),
    ("could not translate host name", SourceUnavailable, "the host name cannot be resolved"),
    ("failed to resolve host", SourceUnavailable, "the host name cannot be resolved"),
    ("connection refused", SourceUnavailable, "nothing listens at that address"),
    ("no such file or directory", SourceUnavailable, "nothing listens at that socket"),
    ("timeout", SourceTimeout, "no connection in time"),
)


def translate(database: str, error: psycopg.Error) -> SourceError:
    """Return the error of ours for one of psycopg's; `database` is the name a person gave it."""
    for kind, ours, text in _BY_CLASS:
        if isinstance(error, kind):
            return ours(f"{database}: {text}{_where(error)}")
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        words = str(error).lower()
        for part, ours, text in _BY_WORDS:
            if part in words:
                return ours(f"{database}: {text}")
        return SourceUnavailable(f"{database}: the connection failed or was lost")
    if isinstance(error, psycopg.OperationalError):
        return SourceUnavailable(f"{database}: the server failed (SQLSTATE {error.sqlstate})")
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        return SourceRejected(f"{database}: the connection string is not valid")
    return SourceRejected(f"{database}: the server refused the query (SQLSTATE {error.sqlstate})")


def _where(error: psycopg.Error) -> str:
    """Name the table or column that PostgreSQL itself names as a field of its own."""
    diagnosis = error.diag
    parts = [part for part in (diagnosis.table_name, diagnosis.column_name) if part]
    return f" ({'.'.join(parts)})" if parts else ""
