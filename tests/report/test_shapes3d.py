import base64

import numpy as np

from lessup.report.rectangles import rectangles
from lessup.report.shapes3d import key, layout, traces, typed


def decoded(value: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]).newbyteorder("<"))


def test_typed_arrays_are_read_back():
    for array in (np.array([1, 255], np.uint8), np.array([1.5, np.nan]), np.array([-3], ">i4"), np.arange(6.0)[::2]):
        np.testing.assert_array_equal(decoded(typed(array)), array)


def test_a_trace_holds_the_corners_of_its_label_alone():
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[1:3, 1:3, 1:3], labels[4, 4, 4] = 1, 2
    found = traces(labels, {1: "red", 2: "blue", 3: "green"})
    assert [trace["color"] for trace in found] == ["red", "blue"]
    cover = rectangles(labels)
    for label, trace in zip((1, 2), found, strict=True):
        corners = np.stack([decoded(trace[axis]) for axis in "xyz"], 1).reshape(-1, 4, 3)
        assert np.array_equal(corners, cover.corners[cover.label == label])


def test_empty_grid_has_no_trace():
    assert traces(np.zeros((4, 4, 4), np.uint8), {1: "red"}) == []


def test_all_axes_have_one_scale():
    scene = layout(30)["scene"]
    assert scene["aspectmode"] == "cube"
    assert scene["xaxis"]["range"] == scene["yaxis"]["range"] == scene["zaxis"]["range"]


def test_key_names_every_colour():
    assert key([("red", "lost"), ("blue", "kept")]).count("<i style") == 2
