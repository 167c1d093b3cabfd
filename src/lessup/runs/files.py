"""Files that are written whole or not at all, and once by a run on several processes."""

import contextlib
import dataclasses
import errno
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lessup.errors import RunError


def is_first_process() -> bool:
    """Tell whether this process writes the files of a run on several processes.

    Reads the variables that torchrun, SLURM and Lightning set; a lone process is the first.
    """
    for variable in ("RANK", "SLURM_PROCID"):
        if os.environ.get(variable):
            return os.environ[variable] == "0"
    return os.environ.get("LOCAL_RANK", "0") == "0" and os.environ.get("NODE_RANK", "0") == "0"


def is_occupied(out: Path) -> bool:
    """Tell whether something is in the way of a folder: files within it, or one in its place."""
    return out.exists() and (not out.is_dir() or any(out.iterdir()))


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file whole or not at all: under a temporary name beside it, then renamed.

    Args:
        path: the final name; its folder is made.
        content: the bytes.

    Raises:
        RunError: the disk is full or the folder cannot be written; what was there before is unharmed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def append_line(path: Path, line: str) -> None:
    """Append a whole line, or leave the file as it was.

    Raises:
        RunError: the disk is full or the file cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        before = os.fstat(descriptor).st_size
        content = line.encode()
        if os.write(descriptor, content) < len(content):
            os.ftruncate(descriptor, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        os.close(descriptor)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        RunError: the file cannot be read or is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"cannot read {path}: {error}") from error


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file whole, from the first process alone; numbers that are not finite become null.

    Raises:
        RunError: the disk is full or the folder cannot be written.
    """
    if is_first_process():
        write_whole(path, (json.dumps(_plain(content), indent=2, allow_nan=False) + "\n").encode())


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def _cannot_write(path: Path, error: OSError) -> RunError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return RunError(f"no room left for {path}: free some and go on with --resume (what was saved is unharmed)")
    return RunError(f"cannot write {path}: {error.strerror or error}")
