"""Sets of torchvision by name; MNIST's files are generated, nothing is downloaded."""

import gzip
import struct
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets
from torchvision.datasets.utils import verify_str_arg
from torchvision.datasets.vision import VisionDataset

from lessup import data
from lessup.errors import DataError, UsageError
from lessup.samples import Damage


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


def test_set_that_is_not_there_says_why_and_what_to_do(tmp_path, monkeypatch):
    where = rf"is not whole in {tmp_path}, and could not be downloaded \(.*\): put its files there .* or run this once"
    with pytest.raises(DataError, match=rf"^StanfordCars {where}"):
        data.load(f"torchvision:StanfordCars@{tmp_path}")

    def offline(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    with pytest.raises(DataError, match=rf"^CIFAR10 {where}"):
        data.load(f"torchvision:CIFAR10@{tmp_path}")
    with pytest.raises(DataError, match=r"^FER2013 is not whole in .* does not download it here"):
        data.load(f"torchvision:FER2013@{tmp_path}")


def test_part_that_is_asked_for_is_there_alone(mnist):
    images = data.load(f"torchvision:MNIST,train=True@{mnist}")
    assert images.official.tolist() == [""] * 3
    assert images.label.tolist() == [0, 1, 2]


class Splits(VisionDataset):
    """A set of torchvision with parts of its own names, and images of every mode."""

    classes = ("cat", "dog")

    def __init__(self, root, split="train", has=("train", "unlabeled", "val")):
        super().__init__(root)
        self.split = verify_str_arg(split, "split", has)

    def __len__(self):
        return 3

    def __getitem__(self, index):
        if self.split == "val":
            palette = Image.new("P", (4, 4), 1)
            palette.putpalette([0, 0, 0, 9, 99, 199])
            return palette, 1
        colour = Image.new("RGB", (4, 4), (index, 0, 0))
        return (colour, 0) if index else (Image.new("CMYK", (4, 4)), None)


@pytest.fixture
def splits(monkeypatch):
    monkeypatch.setattr(datasets, "Splits", Splits, raising=False)
    monkeypatch.setattr(datasets, "__all__", (*datasets.__all__, "Splits"))


@pytest.mark.usefixtures("splits")
def test_validation_is_the_test_part_where_there_is_no_other():
    images = data.load("torchvision:Splits")
    assert images.official.tolist() == ["train"] * 3 + ["test"] * 3
    assert images.label.tolist() == [-1, 0, 0, 1, 1, 1]


@pytest.mark.usefixtures("splits")
def test_other_parts_are_asked_for_by_name_and_wrong_ones_are_refused():
    assert data.load("torchvision:Splits,split=unlabeled").id.tolist() == ["all/000000", "all/000001", "all/000002"]
    with pytest.raises(UsageError, match="Splits of torchvision: Unknown value 'test' for argument split"):
        data.load("torchvision:Splits,split=test")
    with pytest.raises(UsageError, match="Splits of torchvision has no part: it has root, split, has"):
        data.load("torchvision:Splits,part=test")
    with pytest.raises(UsageError, match="EMNIST of torchvision wants split: pass torchvision:EMNIST,split=VALUE"):
        data.load("torchvision:EMNIST")
    with pytest.raises(UsageError, match=r"'split' behind the name .* wanted ARGUMENT=VALUE"):
        data.load("torchvision:Splits,split")


@pytest.mark.usefixtures("splits")
def test_palettes_become_their_colours_and_what_was_changed_is_noted():
    images = data.load("torchvision:Splits")
    assert images.pixels[3][0, 0].tolist() == [9, 99, 199]
    assert images.damage == (Damage("train/000000", "CMYK converted to RGB", skipped=False),)


def test_emnist_takes_its_split_and_has_both_parts(mnist):
    raw = mnist / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, stem in (("train", "train"), ("test", "t10k")):
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            source = mnist / "MNIST" / "raw" / f"{stem}-{kind}"
            (raw / f"emnist-digits-{part}-{kind}").write_bytes(source.read_bytes())
    images = data.load(f"torchvision:EMNIST,split=digits@{mnist}")
    assert images.official.tolist() == ["train"] * 3 + ["test"] * 2
