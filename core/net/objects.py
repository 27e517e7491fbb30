"""Mirrors in object stores: `s3://bucket/path` and `gs://bucket/path`, by the library obstore."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from core.cancel import CancelToken
from core.errors import MirrorError, NotFound, SpackbinError, TooLong, WrongUse
from core.model.mirror import Connection
from core.net.object_logins import gs_options, s3_options
from core.net.urls import scheme_of, shown

_PIECE = 1 << 18
_CLIENT = {"connect_timeout": "10s", "timeout": "60s"}
_RETRIES = 3


class ObjectTransport:
    """Reads one bucket."""

    def __init__(self, url: str, connection: Connection) -> None:
        """Make ready to connect.

        Raises:
            WrongUse: obstore is not installed, or the URL names no bucket.
            MirrorError: the login cannot be used.
        """
        bucket = urlsplit(url).netloc
        self._scheme = scheme_of(url)
        make, options = _store_class(self._scheme, connection)
        try:
            self._store = make(
                bucket,
                config=options,
                client_options={**_CLIENT, "allow_http": True},
                retry_config={"max_retries": _RETRIES},
            )
        except Exception as error:
            # What the library says may repeat what it was given.
            raise MirrorError(
                f"The object store of {shown(url)} cannot be used with its settings",
                hint="Look at endpoint_url and the login of the mirror in mirrors.yaml",
            ) from _without_words(error)

    def get(self, url: str, *, limit: int, cancel: CancelToken | None = None) -> bytes:
        """See `Transport.get`."""
        with self.stream(url, limit=limit, cancel=cancel) as chunks:
            return b"".join(chunks)

    @contextmanager
    def stream(
        self, url: str, *, limit: int, start: int = 0, cancel: CancelToken | None = None
    ) -> Generator[Iterator[bytes]]:
        """See `Transport.stream`; obstore resumes."""
        with closing(self._chunks(url, limit, start, cancel)) as chunks:
            yield chunks

    def exists(self, url: str) -> bool:
        """See `Transport.exists`."""
        import obstore

        try:
            obstore.head(self._store, _key(url))
        except Exception as error:
            plain = _plainly(error, url)
            if isinstance(plain, NotFound):
                return False
            raise plain from _without_words(error)
        return True

    def close(self) -> None:
        """See `Transport.close`; obstore closes what is no longer used."""

    def _chunks(
        self, url: str, limit: int, start: int, cancel: CancelToken | None
    ) -> Generator[bytes]:
        import obstore

        try:
            if start and obstore.head(self._store, _key(url))["size"] <= start:
                # A store refuses such a range.
                return
            part: Any = {"range": {"offset": start}} if start else None
            found = obstore.get(self._store, _key(url), options=part)
            if found.meta["size"] > limit:
                raise TooLong(f"{shown(url)} has more than {limit:,} bytes")
            done = start
            for chunk in found.stream(min_chunk_size=_PIECE):
                if cancel:
                    cancel.check()
                piece = bytes(chunk)
                done += len(piece)
                if done > limit:
                    raise TooLong(f"{shown(url)} sends more than {limit:,} bytes")
                yield piece
        except SpackbinError:
            raise
        except Exception as error:
            raise _plainly(error, url) from _without_words(error)


def _store_class(scheme: str, connection: Connection) -> tuple[Callable[..., Any], dict[str, Any]]:
    try:
        from obstore.store import GCSStore, S3Store
    except ImportError as error:
        raise WrongUse(
            f"{scheme}:// needs the Python package obstore, which is not installed",
            hint='Install it beside spackbin: pip install "spackbin[objects]"',
        ) from error
    if scheme == "s3":
        return S3Store, s3_options(connection)
    return GCSStore, gs_options()


def _key(url: str) -> str:
    return unquote(urlsplit(url).path).strip("/")


def _plainly(error: Exception, url: str) -> MirrorError:
    from obstore import exceptions

    place = shown(url)
    if isinstance(error, FileNotFoundError):
        return NotFound(f"{place} does not exist")
    if isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError):
        # As with HTTP: who may not list a bucket is told so of what is not there, too.
        return NotFound(
            f"{place} does not exist, or may not be read",
            hint="If it is there: check the login, which is access_pair or profile of the mirror"
            " in mirrors.yaml, and the clock of this host",
        )
    return MirrorError(
        f"The object store does not give {place}",
        hint="Check the network, and endpoint_url of the mirror in mirrors.yaml",
        retry=True,
    )


def _without_words(error: Exception) -> Exception:
    """An exception that shows the kind of `error` alone: its text may hold what was sent."""
    return RuntimeError(type(error).__name__)
