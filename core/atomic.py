"""Writing a small file so that readers see the old one or the new one, never a part."""

import os
import stat
import tempfile
from pathlib import Path

from core.errors import StoreError


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the file at `path` (or where a symbolic link there leads) by `data`.

    Its permissions stay; a new file can be read by its owner alone. Missing directories are
    made. Nothing is left behind if it fails.

    Raises:
        StoreError: it cannot be written.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            f"A file cannot be written: {error.strerror or error}",
            str(path),
            "Look at its permissions and at the space left",
        ) from error
