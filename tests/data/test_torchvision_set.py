"""Sets of torchvision by name; MNIST's files are generated, nothing is downloaded."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from lessup import data
from lessup.errors import DataError, UsageError


def idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())
    with gzip.open(f"{path}.gz", "wb") as packed:
        packed.write(header + array.tobytes())


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for stem, count in (("train", 3), ("t10k", 2)):
        idx(raw / f"{stem}-images-idx3-ubyte", np.full((count, 28, 28), count, np.uint8))
        idx(raw / f"{stem}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8))
    return tmp_path


def test_set_keeps_its_parts_labels_and_classes(mnist):
    images = data.load(f"torchvision:MNIST@{mnist}")
    assert images.official.tolist() == ["train"] * 3 + ["test"] * 2
    assert images.label.tolist() == [0, 1, 2, 0, 1]
    assert images.classes[3] == "3 - three"
    assert images.channels == 1
    assert (images.batch([0, 4])["image"] * 255).amax((1, 2, 3)).tolist() == [3, 2]


@pytest.mark.parametrize("name", ["Nothing", "vision", "mnist"])
def test_name_that_torchvision_does_not_have_is_refused(name):
    with pytest.raises(UsageError, match="no set"):
        data.load(f"torchvision:{name}")


def test_set_that_cannot_be_had_says_why(tmp_path):
    with pytest.raises(DataError, match="torchvision cannot give StanfordCars"):
        data.load(f"torchvision:StanfordCars@{tmp_path}")
