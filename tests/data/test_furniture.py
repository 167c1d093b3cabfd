import importlib.util
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lessup.data import furniture, load
from lessup.samples import Reading, splits
from lessup.transforms.voxelize import voxelize

REPOSITORY = Path(__file__).parents[2]
ARCHIVES = Path("/usr/share/sweethome3d/furniture")


@pytest.fixture(scope="module")
def samples():
    return load("furniture")


def test_every_class_has_objects_enough_for_four_folds(samples):
    assert samples.side == 30
    assert 6 <= len(samples.classes) <= 11
    for label in range(len(samples.classes)):
        assert len(np.unique(samples.group[samples.label == label])) >= 6
    assert len(splits.split(samples, splits.Folds()).test) > 0


def test_every_object_has_twelve_views_of_24_cells_in_the_middle(samples):
    assert samples.view.reshape(-1, 12).tolist() == [list(range(12))] * (len(samples) // 12)
    assert (np.diff(samples.group.reshape(-1, 12)) == 0).all()
    grids = samples.batch(np.arange(0, len(samples), 12))["voxels"].numpy()
    for grid in grids:
        occupied = np.argwhere(grid)
        assert (np.ptp(occupied, axis=0) + 1).max() == 24
        assert (occupied.min(axis=0) + occupied.max(axis=0)).tolist() == [29, 29, 29]


def test_fourth_view_is_the_first_turned_by_a_quarter(samples):
    grids = samples.batch(np.arange(36))["voxels"].numpy()
    for start in (0, 12, 24):
        assert np.array_equal(grids[start + 3], np.rot90(grids[start], axes=(0, 1)))


def test_tables_stand_on_their_legs(samples):
    tables = np.flatnonzero((samples.label == samples.classes.index("table")) & (samples.view == 0))
    area = samples.batch(tables)["voxels"].numpy().sum(axis=(1, 2))  # (N, V) cells at each height
    upper, lower = area[:, 15:].sum(axis=1), area[:, :15].sum(axis=1)
    assert (upper > lower).mean() > 0.8


def test_side_resamples(samples):
    assert furniture.load(Path("furniture"), Reading(side=32)).side == 32


def test_a_path_of_that_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert furniture.recognises(Path("furniture"))
    Path("furniture").mkdir()
    assert not furniture.recognises(Path("furniture"))


def test_package_stays_under_a_megabyte():
    assert furniture.FILE.stat().st_size < 1_000_000


def test_attribution_names_every_object_and_only_free_licences(samples):
    rows = furniture.FILE.with_name("FURNITURE_ATTRIBUTION.md").read_text(encoding="utf-8").splitlines()
    rows = [row.split("|")[1:5] for row in rows if row.startswith("| ") and ".obj`" in row]
    named = sorted((kind.strip(), model.rpartition("/")[2].partition(".obj")[0]) for kind, model, _, _ in rows)
    stored = {(kind, name.partition("-")[2]) for kind, name, _ in (id.split("/") for id in samples.id.tolist())}
    assert len(named) == len(np.unique(samples.group))
    assert all(any(name.endswith(stem) and kind == other for other, name in stored) for kind, stem in named)
    assert all(author.strip() for _, _, author, _ in rows)
    assert {licence.strip()[:4] for *_, licence in rows} == {"[CC-"}
    assert not any("SA" in licence or "NC" in licence for *_, licence in rows)


@pytest.mark.skipif(not ARCHIVES.is_dir(), reason="the Debian package sweethome3d-furniture is not installed")
def test_script_makes_the_same_grids_again(samples):
    spec = importlib.util.spec_from_file_location("build_furniture", REPOSITORY / "scripts" / "build_furniture.py")
    script = importlib.util.module_from_spec(spec)
    sys.modules["build_furniture"] = script
    spec.loader.exec_module(script)
    with zipfile.ZipFile(ARCHIVES / "KatorLegaz.sh3f") as archive:
        model = next(m for m in script.read_catalogue(archive, "KatorLegaz") if m.path.endswith("cafe-table.obj"))
        grids = voxelize(*script.read_model(archive, model), num_views=12).grids
    assert np.array_equal(samples.batch(np.flatnonzero(samples.id == f"{model.id}/01"))["voxels"][0].numpy(), grids[1])
