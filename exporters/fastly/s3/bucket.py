"""The bucket: what is in it, and what is in that. I/O only, by obstore."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import obstore
from obstore import exceptions
from obstore.store import S3Store

from exporters.core.errors import (
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)
from exporters.fastly.settings import S3Settings

BLOCK = 1024 * 1024
IDLE = 60.0
"""Seconds that the next block of an object, or the next page of a list, may take."""

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Object:
    """A file in a bucket, as a list shows it."""

    key: str
    etag: str
    modified: datetime
    """When it was there whole, by the store's clock."""
    size: int


class Bucket:
    """The objects whose key begins with a prefix, in `s3://bucket/prefix`.

    Raises a SourceError that says why there is nothing to be had; never a key or a URL of theirs.
    """

    def __init__(self, store: S3Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    @classmethod
    def open(cls, url: str, settings: S3Settings) -> Self:
        """Return the bucket of a URL; nothing is asked of it yet."""
        name, _, prefix = url.removeprefix("s3://").partition("/")
        secret = settings.secret_access_key
        config = {
            "region": settings.region,
            "endpoint": settings.endpoint,
            "access_key_id": settings.access_key_id,
            "secret_access_key": secret.get_secret_value() if secret else None,
        }
        store = S3Store(
            name,
            config={key: value for key, value in config.items() if value},  # type: ignore[arg-type]
            client_options={
                "allow_http": (settings.endpoint or "").startswith("http://"),
                "timeout": "1h",  # of a whole object; IDLE is what ends one that stands still
            },
            retry_config={"max_retries": 3},
        )
        return cls(store, prefix)

    async def list(self, after: str = "") -> AsyncIterator[Object]:
        """Yield the objects in the order of their keys, those behind the key `after`."""
        # obstore's prefixes are whole folders; ours may end within a name.
        folder = self._prefix.rpartition("/")[0] or None
        pages = obstore.list(self._store, folder, offset=after or None, chunk_size=_PAGE)
        while True:
            with _translated():
                async with asyncio.timeout(IDLE):
                    page = await anext(pages, None)
            if page is None:
                return
            for found in page:
                if found["path"].startswith(self._prefix) and found["size"]:
                    yield Object(
                        found["path"], found["e_tag"] or "", found["last_modified"], found["size"]
                    )

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Yield the content of an object in blocks, as it is stored."""
        with _translated():
            async with asyncio.timeout(IDLE):
                blocks = aiter((await obstore.get_async(self._store, key)).stream(BLOCK))
        while True:
            with _translated():
                async with asyncio.timeout(IDLE):
                    block = await anext(blocks, None)
            if block is None:
                return
            yield bytes(block)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise SourceTimeout(f"the bucket gave nothing for {IDLE:g} s") from error
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise SourceRejected("the bucket refuses our credentials") from error
    except exceptions.NotFoundError as error:
        raise SourceMismatch("no such object") from error
    except exceptions.BaseError as error:
        # A bucket that is not there is told apart by the text of the error alone.
        raise SourceUnavailable("the bucket is not there, or does not answer") from error
