"""Checkpoints that are written whole or not at all, and read without running what they hold."""

import io
import pickle
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from lessup.errors import RunError
from lessup.runs.files import write_whole


class WholeCheckpoints(TorchCheckpointIO):
    """How Lightning writes and reads a checkpoint."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint; a full disk is a RunError and leaves the one before unharmed."""
        assert storage_options is None
        # Written to memory first: torch reports a failing file with an error of its own, and later.
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        write_whole(Path(path), buffer.getbuffer())

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read a checkpoint; see ``read_checkpoint``."""
        assert weights_only, "a checkpoint never runs code"
        return read_checkpoint(Path(path), map_location)


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint of tensors and plain values.

    Raises:
        RunError: the file is missing or damaged, or holds anything else.
    """
    if not path.is_file():
        raise RunError(f"no checkpoint at {path}: the run was not trained, or died before its first checkpoint")
    try:
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunError(f"{path} is damaged or no checkpoint: {reason}") from error
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), dict):
        raise RunError(f"{path} is not a checkpoint of lessup: it has no weights under 'state_dict'")
    return checkpoint
