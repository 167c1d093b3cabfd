"""The embedded data: free furniture models of Sweet Home 3D, voxelised to 30 cells a side in 12 rotations.

``scripts/build_furniture.py`` makes the file; ``FURNITURE_ATTRIBUTION.md`` names every model, author and licence.
"""

from pathlib import Path

from lessup.samples import Reading, storage
from lessup.samples.resample import resampled
from lessup.samples.voxels import Voxels

wanted = "the word `furniture` for the embedded shapes"
general = False

FILE = Path(__file__).with_name("furniture.npz")


def recognises(path: Path) -> bool:
    """Tell whether this is the bare name ``furniture`` and nothing of that name is in the way.

    >>> recognises(Path("furniture")), recognises(Path("other/furniture"))
    (True, False)
    """
    return str(path) == "furniture" and not path.exists()


def load(path: Path, reading: Reading) -> Voxels:  # noqa: ARG001 - the signature of every source
    """Load the embedded shapes.

    Args:
        path: the bare name.
        reading: ``side`` resamples the grids.
    """
    voxels = storage.load(FILE)
    return resampled(voxels, reading.side or voxels.side)
