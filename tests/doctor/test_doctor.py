import json
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
import pytest

from lessup import doctor
from lessup.doctor import fits
from lessup.doctor.diagnosis import Count, Pair
from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol
from lessup.formats import grid_array
from lessup.methods import Method, ShapeAutoencoder
from lessup.samples.assembly import assemble
from lessup.samples.storage import save
from lessup.samples.voxels import pack


@dataclass(frozen=True)
class Settings:
    pass


class Repairer(ShapeAutoencoder):
    """Abstract still, so the doctor cannot instantiate it."""

    Config: ClassVar = Settings
    reads: ClassVar = ("voxels",)


class Classifier(Method):
    Config: ClassVar = Settings
    reads: ClassVar = ("voxels", "label")


class Picky(Repairer):
    @classmethod
    def configured(cls, config, samples):
        raise DataError("reads grids of 30 cells; pass --side 30")


class Listener(Method):
    Config: ClassVar = Settings
    reads: ClassVar = ("sound",)


class Repair(Protocol):
    reads: ClassVar = ("voxels",)
    needs: ClassVar = ShapeAutoencoder


class Classification(Protocol):
    reads: ClassVar = ("voxels", "label")
    needs: ClassVar = Method


METHODS = {"classifier": Classifier, "listener": Listener, "picky": Picky, "repairer": Repairer}
PROTOCOLS = {"classification": Classification, "repair": Repair}


@pytest.fixture(autouse=True)
def rooms(monkeypatch, tmp_path):
    """Stand-ins for every method and protocol, so that these tests know what fits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    names = fits.discovery.names
    stand_ins = {"methods": METHODS, "evaluation": PROTOCOLS}
    monkeypatch.setattr(fits.discovery, "names", lambda room: tuple(stand_ins.get(room, names(room))))
    monkeypatch.setattr(fits.methods, "load", METHODS.__getitem__)
    monkeypatch.setattr(fits.evaluation, "load", PROTOCOLS.__getitem__)


def write(path, seed, side=6):
    path.parent.mkdir(parents=True, exist_ok=True)
    grid_array.write(path, np.random.default_rng(seed).random((side, side, side)) < 0.5)


@pytest.fixture
def shapes(tmp_path):
    """Five chairs, four tables; one chair is empty, one damaged, one table is a chair again."""
    for i in range(5):
        write(tmp_path / f"shapes/chair/c{i}.npy", i)
    for i in range(3):
        write(tmp_path / f"shapes/table/t{i}.npy", 10 + i)
    write(tmp_path / "shapes/table/twin.npy", 2)
    np.save(tmp_path / "shapes/chair/empty.npy", np.zeros((6, 6, 6), bool))
    (tmp_path / "shapes/chair/cut.npy").write_bytes(b"\x93NUMPY")
    return tmp_path / "shapes"


def test_what_is_there_and_what_is_broken_is_counted_by_name(shapes):
    found = doctor.examine(shapes)
    assert found.usable
    assert (found.kind, found.samples, found.objects, found.views, found.side) == ("voxel-folder", 9, 9, 1, 6)
    assert found.classes == (Count("chair", 5, 5), Count("table", 4, 4))
    assert found.found == {".npy": 11}
    assert [damage.name for damage in found.damaged] == ["chair/cut.npy"]
    assert found.empty == ("chair/empty.npy",)
    assert found.duplicates == (Pair("table/twin.npy", "chair/c2.npy"),)
    assert (found.doubtful, found.leaks, found.official) == ((), (), {})
    assert "1 samples equal one of another object" in found.advice[-1]


def test_occupancy_is_the_share_of_occupied_cells(tmp_path):
    for count, name in ((1, "few"), (2, "some"), (6, "many")):
        grid = np.zeros((2, 2, 2), bool)
        grid.flat[:count] = True
        (tmp_path / "x").mkdir(exist_ok=True)
        grid_array.write(tmp_path / "x" / f"{name}.npy", grid)
    full = doctor.examine(tmp_path / "x").occupancy
    assert (full.lowest, full.mean, full.highest) == (12.5, 37.5, 75.0)
    assert (full.lowest_name, full.highest_name) == ("few.npy", "many.npy")


def test_methods_and_protocols_that_fit_are_told_from_those_that_do_not(shapes):
    found = doctor.examine(shapes)
    problems = {fit.name: fit.problem for fit in (*found.methods, *found.protocols)}
    assert [name for name, problem in problems.items() if not problem] == [
        "classifier",
        "repairer",
        "classification",
        "repair",
    ]
    assert "reads sound" in problems["listener"]
    assert "pass --side 30" in problems["picky"]


def test_unlabelled_shapes_fit_what_needs_no_labels(tmp_path):
    for i in range(4):
        write(tmp_path / f"flat/{i}.npy", i)
    found = doctor.examine(tmp_path / "flat")
    problems = {fit.name: fit.problem for fit in (*found.methods, *found.protocols)}
    assert found.classes == (Count("unlabelled", 4, 4),)
    assert problems["classifier"] == problems["classification"] == "reads labels, and none of 4 samples has one"
    assert problems["repair"] == ""


def test_protocol_without_a_method_that_it_can_measure_does_not_fit(shapes, monkeypatch):
    monkeypatch.setitem(METHODS, "repairer", Picky)
    (problem,) = [fit.problem for fit in doctor.examine(shapes).protocols if fit.name == "repair"]
    assert problem == "measures picky, repairer, none of which fits this data"


def test_next_command_prefers_the_recommended_method_and_quotes_the_path(tmp_path, monkeypatch):
    for i in range(4):
        write(tmp_path / f"my shapes/chair/{i}.npy", i)
    command = doctor.examine(tmp_path / "my shapes").command
    assert command == f"lessup train repairer --data '{tmp_path}/my shapes' --out runs/repairer"
    monkeypatch.setattr(doctor, "RECOMMENDED", ("classifier",))
    assert doctor.examine(tmp_path / "my shapes").command.startswith("lessup train classifier ")


def test_classes_too_small_for_the_folds_are_counted_and_the_next_command_stays(tmp_path):
    for i in range(5):
        write(tmp_path / f"x/chair/{i}.npy", i)
    write(tmp_path / "x/rare/0.npy", 10)
    found = doctor.examine(tmp_path / "x")
    assert found.command.endswith("--out runs/repairer")
    assert found.advice[0] == "one object in 4 is held out for testing (--folds 4)"
    assert found.advice[1].startswith("1 of 2 classes have fewer objects than the 4 folds, such as 'rare' with 1: ")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_objects_than_folds_change_the_folds_of_the_next_command(tmp_path, count):
    for i in range(count):
        write(tmp_path / f"x/chair/{i}.npy", i)
    found = doctor.examine(tmp_path / "x")
    assert found.command.endswith(f"--out runs/repairer --folds {count}")
    assert found.advice == (f"{count} different objects; 4 folds need at least 4: add objects or pass --folds {count}",)


def test_test_samples_known_from_training_are_leaks_by_content_and_by_object(tmp_path):
    grids = np.random.default_rng(0).random((6, 4, 4, 4)) < 0.5
    grids[4] = grids[0]
    voxels = assemble(
        "x",
        bits=pack(grids),
        side=4,
        label=np.zeros(6, int),
        classes=("chair",),
        group=np.array([0, 1, 2, 1, 3, 4]),
        view=np.array([0, 0, 0, 1, 0, 0]),
        official=["train", "train", "train", "test", "test", "test"],
        id=list("abcdef"),
    )
    save(tmp_path / "x.npz", voxels)
    found = doctor.examine(tmp_path / "x.npz")
    assert set(found.leaks) == {Pair("d", "b"), Pair("e", "a")}
    assert found.duplicates == ()
    assert found.official == {"train": 3, "test": 3}
    assert found.views == 2


@pytest.mark.parametrize(
    ("files", "said"), [((), "an empty folder"), (("a.xyz", "b.xyz", "c.pdf"), "found 2 .xyz, 1 .pdf; wanted")]
)
def test_unusable_folder_is_no_error_and_says_what_was_found(tmp_path, files, said):
    for name in files:
        (tmp_path / name).touch()
    found = doctor.examine(tmp_path)
    assert not found.usable
    assert said in found.problem
    assert "lessup doctor" not in found.problem
    assert found.command == ""
    assert doctor.render(found).startswith(f"{tmp_path} cannot be used: ")
    json.dumps(asdict(found))


def test_damaged_file_and_missing_path_are_diagnosed(tmp_path):
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04")
    assert "damaged or cut short" in doctor.examine(tmp_path / "cut.npz").problem
    assert "nothing at" in doctor.examine(tmp_path / "gone").problem


def test_method_whose_module_cannot_be_used_is_named_and_the_rest_goes_on(shapes, monkeypatch):
    def load(name):
        if name == "repairer":
            raise UsageError("needs another extra")
        return METHODS[name]

    monkeypatch.setattr(fits.methods, "load", load)
    problems = {fit.name: fit.problem for fit in doctor.examine(shapes).methods}
    assert (problems["repairer"], problems["classifier"]) == ("needs another extra", "")


def test_page_names_everything_and_ends_with_the_command(shapes):
    found = doctor.examine(shapes)
    lines = doctor.render(found).splitlines()
    assert lines[0] == f"{shapes}: voxel-folder, 9 samples of 6^3 cells (9 objects)"
    assert lines[-1] == f"next: {found.command}"
    text = "\n".join(lines)
    for words in (
        "chair/cut.npy: damaged",
        "empty, left out: 1",
        "table/twin.npy = chair/c2.npy",
        "not listener: reads",
    ):
        assert words in text


def test_long_lists_are_cut_and_say_so(tmp_path):
    for i in range(9):
        write(tmp_path / f"x/{i}.npy", 0)
    text = doctor.render(doctor.examine(tmp_path / "x"))
    assert "equal to another: 8" in text
    assert "and 3 more (--json names all)" in text


def test_diagnosis_can_be_written_as_json_and_names_all(shapes):
    written = json.loads(json.dumps(asdict(doctor.examine(shapes))))
    assert written["damaged"][0]["name"] == "chair/cut.npy"
    assert written["classes"][0] == {"name": "chair", "samples": 5, "objects": 5}
