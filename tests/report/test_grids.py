import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.grids import named, read_side, unpacked
from lessup.samples.voxels import pack


def test_packed_grids_come_back():
    grids = np.random.default_rng(0).random((2, 3, 5, 5, 5)) < 0.5
    bits = pack(grids.reshape(6, 5, 5, 5)).reshape(2, 3, -1)
    assert np.array_equal(unpacked({"side": np.array(5), "bits": bits}, "bits", (2, 3)), grids)


@pytest.mark.parametrize("bits", [None, np.zeros((2, 15), np.uint8), np.zeros((3, 16), np.uint8), np.zeros((2, 16))])
def test_figure_of_another_shape_or_type_is_named(bits):
    figures = {"side": np.array(5)} | ({} if bits is None else {"bits": bits})
    with pytest.raises(DataError, match=r"'bits'.*evaluate again"):
        unpacked(figures, "bits", (2,))


@pytest.mark.parametrize("side", [None, np.array(0), np.array(256), np.array(30.0), np.array([30, 30])])
def test_side_that_is_no_number_of_cells_is_refused(side):
    with pytest.raises(DataError, match="'side'"):
        read_side({} if side is None else {"side": side})


def test_names_have_the_length_of_what_they_name():
    assert named({"id": np.array(["a", "b"])}, "id", (2,)).tolist() == ["a", "b"]
    with pytest.raises(DataError, match="'id'"):
        named({"id": np.array(["a"])}, "id", (2,))
