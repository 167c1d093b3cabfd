import zipfile

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.data.omniglot_runs import wanted
from lessup.errors import DataError


def runs_archive(path, *, num_runs=2, way=4, text=None, wrong=0):
    """Write an archive in the layout of all_runs.zip; a test drawing equals the training drawing of its class.

    ``wrong`` test drawings of each run equal that of another class.
    """
    with zipfile.ZipFile(path, "w") as file:
        for run in range(1, num_runs + 1):
            order = np.random.default_rng(run).permutation(way)
            lines = []
            for item, number in enumerate(order):
                shown = (number + 1) % way if item < wrong else number
                for name, which in ((f"training/class{number + 1:02}", number), (f"test/item{item + 1:02}", shown)):
                    random = np.random.default_rng(100 * run + which)
                    pixels = (random.random((15, 15)) < 0.9).astype(np.uint8).repeat(7, 0).repeat(7, 1) * 255
                    with file.open(f"run{run:02}/{name}.png", "w") as member:
                        Image.fromarray(pixels).convert("1").save(member, "PNG")
                lines.append(f"run{run:02}/test/item{item + 1:02}.png run{run:02}/training/class{number + 1:02}.png")
            file.writestr(f"run{run:02}/class_labels.txt", "\n".join(lines) + "\n" if text is None else text)


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))


def test_runs_are_super_classes_and_lists_give_the_classes_of_test_drawings(tmp_path):
    runs_archive(tmp_path / "all_runs.zip")
    images = data.load(tmp_path / "all_runs.zip")
    assert len(images) == 2 * 2 * 4
    assert len(images.classes) == 8
    assert "run02/class03" in images.classes
    assert sorted(set(images.superclasses)) == ["run01", "run02"]
    for index in np.flatnonzero(images.official == "test"):
        (known,) = np.flatnonzero((images.official == "train") & (images.label == images.label[index]))
        assert images.id[index][:5] == images.id[known][:5]
        assert np.array_equal(images.pixels[index], images.pixels[known])


@pytest.mark.parametrize(
    "text", ["run01/test/item01.png\n", "run01/test/item77.png run01/training/class01.png\n", "a b c\n"]
)
def test_line_that_cannot_be_read_is_shown(tmp_path, text):
    runs_archive(tmp_path / "all_runs.zip", num_runs=1, text=text)
    with pytest.raises(
        DataError, match=r"line 1 of run01/class_labels\.txt is '.*wanted a test and a training drawing"
    ):
        data.load(tmp_path / "all_runs.zip")


def test_it_says_what_it_reads():
    assert "run01/class_labels.txt" in wanted
