import gzip
import struct
import zipfile

import numpy as np
import pytest

from lessup import data
from lessup.errors import DataError
from lessup.formats import limits
from lessup.samples import Reading

RNG = np.random.default_rng(0)
IMAGES = {"train": RNG.integers(0, 256, (6, 4, 3), np.uint8), "t10k": RNG.integers(0, 256, (3, 4, 3), np.uint8)}
LABELS = {"train": np.array([0, 1, 1, 5, 9, 0], np.uint8), "t10k": np.array([9, 1, 0], np.uint8)}


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(folder, prefix="", suffix=".gz", parts=("train", "t10k"), shift=0):
    folder.mkdir(exist_ok=True)
    for part, source in zip(parts, ("train", "t10k"), strict=True):
        for kind, array in (("images-idx3", IMAGES[source]), ("labels-idx1", LABELS[source] + np.uint8(shift))):
            content = idx(array)
            packed = gzip.compress(content) if suffix else content
            (folder / f"{prefix}{part}-{kind}-ubyte{suffix}").write_bytes(packed)
    return folder


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_four_files_are_read_with_their_own_split(tmp_path, suffix):
    images = data.load(write(tmp_path / "mnist", suffix=suffix))
    assert images.classes == ("0", "1", "5", "9")
    assert images.label.tolist() == [0, 1, 1, 2, 3, 0, 3, 1, 0]
    assert images.official.tolist() == ["train"] * 6 + ["test"] * 3
    assert images.id[[0, 6]].tolist() == ["train/00000", "test/00000"]
    batch = images.batch([7, 2])
    assert batch["extent"].tolist() == [[4, 3]] * 2
    wanted = np.stack([IMAGES["t10k"][1], IMAGES["train"][2]])[:, None]
    assert np.array_equal((batch["image"] * 255).round().numpy(), wanted)


def test_emnist_is_turned_upright_and_its_classes_are_named(tmp_path):
    folder = write(tmp_path / "letters", prefix="emnist-letters-", parts=("train", "test"), shift=1)
    (folder / "emnist-letters-mapping.txt").write_text("1 65 97\n2 66 98\n6 70 102\n10 74 106\n")
    images = data.load(folder)
    assert images.classes == ("Aa", "Bb", "Ff", "Jj")
    assert np.array_equal(images.pixels[0][..., 0], IMAGES["train"][0].T)


def test_zip_of_the_files_is_the_same(tmp_path):
    folder = write(tmp_path / "mnist")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"raw/{path.name}")
    assert data.load(tmp_path / "x.zip").fingerprint == data.load(folder).fingerprint


def test_reading_reduces_and_colours(tmp_path):
    folder = write(tmp_path / "mnist")
    assert data.load(folder, Reading(size=2)).pixels[0].shape == (3, 2, 1)
    coloured = data.load(folder, Reading(colour="rgb"))
    assert np.array_equal(coloured.pixels[3], IMAGES["train"][3][..., None].repeat(3, 2))


def test_two_sets_in_one_place_are_refused(tmp_path):
    write(tmp_path / "x", prefix="emnist-letters-")
    write(tmp_path / "x", prefix="emnist-digits-")
    with pytest.raises(DataError, match="found emnist-digits-, emnist-letters-: put each into a folder of its own"):
        data.load(tmp_path / "x")


@pytest.mark.parametrize("cut", [5, 40])
def test_file_cut_short_is_named(tmp_path, cut):
    folder = write(tmp_path / "mnist")
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is damaged or cut short"):
        data.load(folder)


def test_header_that_claims_too_much_is_refused(tmp_path):
    folder = write(tmp_path / "mnist", suffix="")
    path = folder / "t10k-images-idx3-ubyte"
    path.write_bytes(struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 2**31) + bytes(50))
    with pytest.raises(DataError, match="damaged or cut short"):
        data.load(folder)
    path.write_bytes(struct.pack(">HBB1I", 0, 13, 1, 2) + bytes(8))
    with pytest.raises(DataError, match="holds type 13 with 1 axes; wanted bytes with 3"):
        data.load(folder)


def test_labels_that_do_not_match_are_counted(tmp_path):
    folder = write(tmp_path / "mnist", suffix="")
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(LABELS["train"][:-1]))
    with pytest.raises(DataError, match="6 images in train-images-idx3-ubyte but 5 labels in train-labels-idx1-ubyte"):
        data.load(folder)


def test_gzipped_file_that_is_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FREE_BYTES", 10_000)
    folder = write(tmp_path / "mnist")
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(3_000_000)))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz unpacks to more than .* unpack it yourself"):
        data.load(folder)
