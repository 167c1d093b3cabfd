"""One file for a whole set of grids: lessup's own ``.npz`` layout, written and read here.

=============  ========================  ===============================================
array          shape and type            meaning
=============  ========================  ===============================================
``bits``       (N, ceil(V^3 / 8)) uint8  grids in C order, first cell in the highest bit
``side``       () int64                  V
``label``      (N,) int64                class, -1 where not known
``object``     (N,) int64                equal for the views of one object
``view``       (N,) int64                number of the view
``classes``    (K,) str                  names of the classes
``official``   (N,) str                  ``train``, ``test`` or empty
``id``         (N,) str                  unique names such as ``chair/0012/03``
``damage_*``   (D,) str, str, bool       ``name``, ``reason`` and ``skipped`` of what was left out; optional
=============  ========================  ===============================================
"""

import os
import uuid
from pathlib import Path

import numpy as np

from lessup.errors import DataError
from lessup.formats import npz
from lessup.samples import Damage
from lessup.samples.assembly import assemble
from lessup.samples.voxels import Voxels

KEYS = ("bits", "side", "label", "object", "view", "classes", "official", "id")
"""Arrays that every file has."""

_DAMAGE = ("damage_name", "damage_reason", "damage_skipped")


def save(path: str | Path, voxels: Voxels) -> None:
    """Write samples to one ``.npz`` file, whole or not at all; equal samples give equal bytes.

    The data's own corrupted copies are not kept.

    Raises:
        OSError: the file cannot be written; nothing is left behind under its name.
    """
    path = Path(path)
    arrays = {
        "bits": voxels.bits,
        "side": np.array(voxels.side),
        "label": voxels.label,
        "object": voxels.group,
        "view": voxels.view,
        "classes": np.array(voxels.classes, np.str_),
        "official": voxels.official,
        "id": voxels.id,
        "damage_name": np.array([damage.name for damage in voxels.damage], np.str_),
        "damage_reason": np.array([damage.reason for damage in voxels.damage], np.str_),
        "damage_skipped": np.array([damage.skipped for damage in voxels.damage], np.bool_),
    }
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with unfinished.open("xb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        os.replace(unfinished, path)  # noqa: PTH105 - the one call known to be atomic
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: str | Path) -> Voxels:
    """Read samples that ``save`` wrote.

    Raises:
        DataError: the file is damaged, arrays are missing or they do not match.
    """
    path = Path(path)
    found = npz.headers(path)
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; wanted {', '.join(KEYS)}: write it with `save`")
    arrays = {key: npz.read(path, key) for key in (*KEYS, *_DAMAGE) if key in found}
    side = arrays["side"]
    if side.shape != () or side.dtype.kind not in "iu":
        raise DataError(f"{path}: side is {side.dtype} of shape {side.shape}; wanted one whole number")
    damage = [Damage(str(n), str(r), bool(s)) for n, r, s in zip(*(arrays.get(k, ()) for k in _DAMAGE), strict=False)]
    return assemble(
        path,
        bits=arrays["bits"],
        side=int(side),
        label=arrays["label"],
        classes=[str(name) for name in arrays["classes"]],
        group=arrays["object"],
        view=arrays["view"],
        official=arrays["official"],
        id=arrays["id"],
        damage=damage,
    )
