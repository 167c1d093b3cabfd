import numpy as np

from lessup.masks.overlays import (
    FOUND,
    OPACITY,
    PAINT,
    TRUE,
    colour,
    enlarged,
    heated,
    outlined,
    painted,
    photograph,
)

GREY = np.full((6, 8, 3), 100, np.uint8)


def test_frame_of_a_box_lies_within_it_and_the_rest_stays():
    drawn = outlined(GREY, np.array([[1.0, 2, 6, 5]]))
    red = (drawn == FOUND).all(2)
    wanted = np.zeros((6, 8), bool)
    wanted[2:5, 1:6] = True
    wanted[3, 2:5] = False
    assert (red == wanted).all()
    assert (drawn[~red] == 100).all()
    assert (GREY == 100).all()


def test_two_pixels_wide_frames_reach_inwards_and_boxes_of_no_area_are_not_drawn():
    drawn = outlined(GREY, np.array([[0.0, 0, 8, 6], [3, 3, 3, 3]]), TRUE, width=2)
    green = (drawn == TRUE).all(2)
    assert green.sum() == 6 * 8 - 2 * 4


def test_heat_is_as_opaque_as_the_map_is_strong():
    score_map = np.zeros((6, 8))
    score_map[0, 0], score_map[0, 1] = 1, 1 / 3
    drawn = heated(GREY, score_map)
    assert drawn[0, 0].tolist() == [round((1 - OPACITY) * 100 + OPACITY * value) for value in (230, 40, 30)]
    assert drawn[0, 1].tolist() == [round((1 - OPACITY / 3) * 100 + OPACITY / 3 * value) for value in (40, 200, 220)]
    assert (drawn.reshape(-1, 3)[2:] == 100).all()


def test_images_of_other_channels_and_depth_become_colours():
    deep = np.arange(12, dtype=np.uint16).reshape(2, 2, 3) * 5000
    assert (photograph(deep) == deep // 256).all()
    two = np.random.default_rng(0).integers(0, 256, (2, 3, 2), np.uint8)
    assert (photograph(two) == two[..., :1]).all()
    many = np.random.default_rng(0).integers(0, 256, (2, 3, 5), np.uint8)
    assert (photograph(many) == many[..., :3]).all()


def test_small_images_are_enlarged_by_whole_pixels():
    small = np.random.default_rng(0).integers(0, 256, (2, 3, 3), np.uint8)
    large = photograph(small, least=5)
    assert large.shape == (6, 9, 3)
    assert (large[1::3, 1::3] == small).all()
    assert (enlarged(small, 3) == large).all()
    assert photograph(large, least=5).shape == large.shape


def test_class_shines_through_background_stays_and_what_is_not_counted_is_white():
    photograph = np.full((1, 3, 3), 100, np.uint8)
    found = painted(photograph, np.array([[0, 2, -1]]))
    assert found[0, 0].tolist() == [100, 100, 100]
    assert found[0, 1].tolist() == [round((1 - PAINT) * 100 + PAINT * value) for value in colour(2)]
    assert found[0, 2].tolist() == [255, 255, 255]


def test_colours_of_many_classes_all_differ():
    assert len({colour(number) for number in range(1, 201)}) == 200
