"""A folder of small shapes of two classes, and a tiny network trained on it for two steps."""

import sys
from pathlib import Path

import numpy as np
import pytest

from lessup import verbs
from lessup.experiments import Settings

sys.path.insert(0, str(Path(__file__).parent))  # tagged_folder is imported by name

TINY = {"widths": (16, 16, 16), "encoder_units": (1, 1, 1), "decoder_units": (1, 1), "symmetries": 1}


@pytest.fixture(scope="session")
def tiny():
    """Return the settings of a tiny run on a folder."""
    return _settings


def _settings(data: Path, **training: int) -> Settings:
    return verbs.settings("voxel-unet", str(data), config=TINY, training={"steps": 2, "batch_size": 2, **training})


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """Eight plates and eight columns on 10 cells a side, all different."""
    folder = tmp_path_factory.mktemp("data") / "shapes"
    for name in ("column", "plate"):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            grid = np.zeros((10, 10, 10), bool)
            long, short = slice(1, 5 + number % 4), slice(1, 3 + number // 4)
            grid[(short, short, long) if name == "column" else (long, slice(1, 8), short)] = True
            np.save(folder / name / f"{number}.npy", grid)
    return folder


@pytest.fixture(scope="session")
def run(shapes, tiny, tmp_path_factory):
    return verbs.train(tiny(shapes), tmp_path_factory.mktemp("runs") / "tiny")
