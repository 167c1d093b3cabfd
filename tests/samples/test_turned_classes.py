import numpy as np

from lessup.samples.images import Images, Ragged
from lessup.samples.turned_classes import turned_classes


def test_every_turn_is_a_class_of_its_own_and_shows_what_numpy_turns():
    random = np.random.default_rng(0)
    pixels = [random.integers(0, 256, (4, 5 + n, 1), np.uint8) for n in range(3)]
    images = Images(
        pixels=Ragged.of(pixels),
        id=np.array(["a", "b", "c"]),
        label=np.array([0, 1, -1]),
        classes=("Latin/a", "Latin/b"),
        group=np.arange(3),
        official=np.full(3, ""),
        fingerprint="generated",
        superclasses=("Latin", "Latin"),
    )
    found = turned_classes(images)
    assert found.label.tolist() == [0, 1, -1, 2, 3, -1, 4, 5, -1, 6, 7, -1]
    assert found.classes[:3] == ("Latin/a", "Latin/b", "Latin/a turned 90")
    assert found.superclasses[-1] == "Latin turned 270"
    assert found.id[3] == "a turned 90"
    for turn in range(4):
        for number in range(3):
            assert np.array_equal(found.pixels[3 * turn + number], np.rot90(pixels[number], turn))
