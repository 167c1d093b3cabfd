"""Load weights from a file into a network, and say what matched.

A file may be of safetensors, what ``torch.save`` wrote (a checkpoint of any trainer among them), or a run folder of
lessup. Nothing in it is run: only tensors and plain values are read.
"""

import pickle
import sys
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from lessup.backbones import Backbone
from lessup.backbones.efficientnet_lite import imagenet_weights
from lessup.errors import DataError
from lessup.runs import Run
from lessup.runs.files import is_first_process

IMAGENET = "imagenet"
"""In place of a file: the ImageNet weights of ``efficientnet-lite0``, which come as a package."""

DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
"""Numbers that weights are stored as."""

INSIDE = ("state_dict", "model_state_dict", "model")
"""Where trainers put the weights within their checkpoints."""


@dataclass(frozen=True)
class Match:
    """What became of the weights in a file.

    Attributes:
        matched: names of the network's weights that were loaded.
        missing: names of its weights that the file does not have; they stay as they were.
        unexpected: names in the file that the network does not have.
        reshaped: names that are in both, of another shape; they stay as they were.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]

    def __str__(self) -> str:
        total = len(self.matched) + len(self.missing) + len(self.reshaped)
        rest = {"missing": self.missing, "of another shape": self.reshaped, "not used": self.unexpected}
        said = [f"{len(names)} {what} ({_some(names)})" for what, names in rest.items() if names]
        return "; ".join([f"{len(self.matched)} of {total} weights loaded", *said])


def begin_from(source: str, network: nn.Module) -> None:
    """Load the weights with which a run begins, and say what matched; nothing where no source is named.

    Raises:
        DataError: the file cannot be used.
    """
    if source:
        match = load(network, source)
        if is_first_process():
            print(f"{source}: {match}", file=sys.stderr)


def load(network: nn.Module, source: str | Path) -> Match:
    """Load the weights of a file into a network, as far as names and shapes agree.

    What stands before a name, such as ``module.`` or ``method.backbone.``, is found out and left off; names of the
    files in which a backbone is usually published are known to it.

    Args:
        network: a backbone or any other module; changed in place.
        source: weight file, run folder, or ``imagenet``.

    Raises:
        DataError: the file cannot be read, holds more than tensors and plain values, holds numbers that are not
            finite, or nothing in it fits.
    """
    found = read(source)
    own = {name: value for name, value in network.state_dict().items() if value.is_floating_point()}
    aliases = network.aliases if isinstance(network, Backbone) else {}
    names = _best(found, own, aliases)
    values = {ours: found[theirs] for theirs, ours in names.items() if ours in own}
    fitting = {name: value for name, value in values.items() if value.shape == own[name].shape}
    match = Match(
        matched=tuple(sorted(fitting)),
        missing=tuple(sorted(own.keys() - values.keys())),
        unexpected=tuple(sorted(theirs for theirs, ours in names.items() if ours not in own)),
        reshaped=tuple(sorted(values.keys() - fitting.keys())),
    )
    if not fitting:
        raise DataError(
            f"no weight in {source} fits: it has {_some(found)}; wanted {_some(own)}: give the backbone that it was "
            "trained with"
        )
    broken = sorted(name for name, value in fitting.items() if not value.isfinite().all())
    if broken:
        raise DataError(f"{source} holds numbers that are not finite, in {_some(broken)}: its training diverged")
    network.load_state_dict(fitting, strict=False)
    return match


def read(source: str | Path) -> dict[str, Tensor]:
    """Return the dense tensors of a weight file by name; integers, such as counters of batches, are left out.

    Args:
        source: weight file, run folder, or ``imagenet``.

    Raises:
        DataError: the file cannot be read or holds more than tensors and plain values.
    """
    path = find(source)
    content = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    return {
        name: value
        for name, value in content.items()
        if isinstance(value, Tensor) and value.dtype in DTYPES and value.layout is torch.strided and value.is_cpu
    }


def find(source: str | Path) -> Path:
    """Return the file of a weight file, of a run folder's last checkpoint, or of ``imagenet``.

    Raises:
        DataError: there is none.
        RunError: the folder is no run.
        MissingExtraError: ``imagenet`` needs an extra that is not installed.
    """
    path = imagenet_weights() if source == IMAGENET else Path(source)
    if path.is_dir():
        path = Run.open(path).checkpoint()
    if not path.is_file():
        raise DataError(
            f"no weights at {source}: wanted a .safetensors, .pth or .ckpt file, a run folder or {IMAGENET}"
        )
    return path


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} is damaged or no safetensors file: {error}") from error


def _torch(path: Path) -> dict[str, object]:
    """Return what ``torch.save`` wrote, or the weights within it if it is a trainer's checkpoint."""
    try:
        _check_unpacked(path)
        # Sparse tensors are left out later; unchecked, torch 2.11 warns of them.
        with torch.sparse.check_sparse_tensor_invariants():  # type: ignore[no-untyped-call]
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path} is damaged or holds more than tensors and plain values ({reason}): save a state_dict, best as "
            ".safetensors"
        ) from error
    for key in INSIDE:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise DataError(f"{path} holds a {type(content).__name__}; wanted tensors by name, as a state_dict has them")
    return {str(name): value for name, value in content.items()}


def _check_unpacked(path: Path) -> None:
    """Refuse an archive that unpacks to more than it is: ``torch.save`` does not compress."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > path.stat().st_size:
            raise ValueError(f"it unpacks to {unpacked:,} bytes")


def _best(found: Collection[str], own: Collection[str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Return the network's name for every name in the file, by the beginning left off that makes most of them agree."""
    beginnings = {""} | {name[: place + 1] for name in found for place, sign in enumerate(name) if sign == "."}
    tries = [
        {name: _translated(name.removeprefix(beginning), known) for name in found if name.startswith(beginning)}
        | {name: name for name in found if not name.startswith(beginning)}
        for beginning in sorted(beginnings, key=len)
        for known in ({}, aliases)
    ]
    return max(tries, key=lambda names: len(set(own).intersection(names.values())))


def _translated(name: str, aliases: Mapping[str, str]) -> str:
    for theirs, ours in aliases.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def _some(names: Collection[str]) -> str:
    first = sorted(names)[:3]
    return ", ".join(first) + (", ..." if len(names) > len(first) else "")
