import numpy as np
import pytest

from lessup.errors import DataError
from lessup.samples import Damage, storage
from lessup.samples.assembly import assemble
from lessup.samples.voxels import pack


@pytest.fixture
def voxels():
    return assemble(
        "x",
        bits=pack(np.random.default_rng(0).random((4, 5, 5, 5)) < 0.5),
        side=5,
        label=np.array([0, 0, 1, -1]),
        classes=("chair", "tisch"),
        group=np.array([0, 0, 1, 2]),
        view=np.array([0, 1, 0, 0]),
        official=["train", "train", "test", ""],
        id=["chair/0000/00", "chair/0000/01", "tisch/0000/00", "?"],
        damage=[Damage("bad.npy", "damaged"), Damage("twin.npy", "equal to chair/0000/00", skipped=False)],
    )


def test_saved_samples_are_read_back_whole(tmp_path, voxels):
    storage.save(tmp_path / "a.npz", voxels)
    found = storage.load(tmp_path / "a.npz")
    for name in ("bits", "id", "label", "group", "view", "official", "row"):
        assert (getattr(found, name) == getattr(voxels, name)).all()
    assert (found.side, found.classes, found.damage) == (5, voxels.classes, voxels.damage)
    assert found.fingerprint == voxels.fingerprint


def test_samples_without_damage_or_classes_are_read_back(tmp_path, voxels):
    storage.save(tmp_path / "a.npz", voxels.take(np.array([3])))
    found = storage.load(tmp_path / "a.npz")
    assert found.id.tolist() == ["?"]


def test_equal_samples_give_equal_bytes(tmp_path, voxels):
    storage.save(tmp_path / "a.npz", voxels)
    storage.save(tmp_path / "b.npz", voxels)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_failed_save_leaves_nothing_behind_and_keeps_what_was_there(tmp_path, voxels, monkeypatch):
    storage.save(tmp_path / "a.npz", voxels)
    before = (tmp_path / "a.npz").read_bytes()

    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="No space"):
        storage.save(tmp_path / "a.npz", voxels)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert (tmp_path / "a.npz").read_bytes() == before


def test_missing_arrays_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", bits=np.zeros((1, 1), np.uint8), label=np.zeros(1, int))
    with pytest.raises(DataError, match=r"a\.npz: lacks side, object, view"):
        storage.load(tmp_path / "a.npz")


def test_labels_of_another_length_are_named(tmp_path, voxels):
    storage.save(tmp_path / "a.npz", voxels)
    with np.load(tmp_path / "a.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "a.npz", **(arrays | {"label": arrays["label"][:-1]}))
    with pytest.raises(DataError, match=r"a\.npz: 4 grids but label has shape \(3,\)"):
        storage.load(tmp_path / "a.npz")
