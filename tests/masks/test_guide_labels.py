"""Guide labels follow the published rules, region by region, and images that lack something have a defined outcome."""

import math

import numpy as np
import pytest
import torch

from lessup.errors import ShapeError, UsageError
from lessup.masks.dense_crf import DenseCRFConfig, dense_crf
from lessup.masks.guide_labels import (
    PAPER,
    GuideConfig,
    commonest,
    divided,
    g0,
    g1,
    g2,
    mean_inside,
    salient_regions,
    seed_energy,
    seed_pieces,
)

SIZE = (40, 50)
ENERGIES = ("probability", "log")


def box(top, left, height, width):
    mask = np.zeros(SIZE, bool)
    mask[top : top + height, left : left + width] = True
    return mask


def labels(*parts):
    """Paint (class, mask) pairs, later ones over earlier ones."""
    found = np.zeros(SIZE, np.int64)
    for number, mask in parts:
        found[mask] = number
    return found


def photograph(*parts):
    """Return noisy grey with (colour, mask) pairs painted over."""
    pixels = np.full((*SIZE, 3), 128.0)
    for colour, mask in parts:
        pixels[mask] = colour
    return (pixels + np.random.default_rng(0).normal(0, 2, pixels.shape)).clip(0, 255).astype(np.uint8)


PLAIN = photograph()
OBJECT = box(10, 10, 20, 20)
TAGS = np.array([1, 0, 1, -1])


def test_saliency_alone_has_the_commonest_class_of_the_image_and_none_without_tags():
    salient, counts = box(5, 5, 10, 10) | box(30, 2, 1, 1), np.array([2, 9, 4])
    np.testing.assert_array_equal(commonest(salient, np.array([1, 0, 1]), counts), np.where(salient, 3, 0))
    np.testing.assert_array_equal(commonest(salient, np.array([1, -1, 0]), counts), np.where(salient, 1, 0))
    assert not commonest(salient, np.array([0, -1, 0]), counts).any()


def test_salient_region_takes_the_class_of_the_seed_that_touches_it():
    assert (g2(labels((3, box(12, 12, 5, 5))), OBJECT, PLAIN) == labels((3, OBJECT))).all()


def test_salient_region_without_a_seed_becomes_background():
    seed = labels((3, box(12, 12, 5, 5)))
    assert (g2(seed, OBJECT | box(10, 40, 20, 8), PLAIN) == labels((3, OBJECT))).all()


def test_seed_outside_every_salient_region_becomes_foreground():
    inside, alone = box(12, 12, 5, 5), box(2, 40, 5, 5)
    wanted = labels((3, OBJECT), (1, alone))
    assert (g2(labels((3, inside), (1, alone)), OBJECT, PLAIN) == wanted).all()


def test_a_seed_leaves_what_of_it_lies_outside_the_salient_region_that_it_touches():
    assert (g2(labels((3, box(15, 25, 8, 20))), OBJECT, PLAIN) == labels((3, OBJECT))).all()


def test_seeds_that_only_border_on_a_salient_region_do_not_touch_it():
    beside = box(10, 30, 5, 5)
    assert (g2(labels((2, beside)), OBJECT, PLAIN) == labels((2, beside))).all()


def test_each_region_is_decided_alone():
    other = box(5, 38, 30, 10)
    seed = labels((1, box(12, 12, 5, 5)), (2, box(12, 40, 5, 5)))
    assert (g2(seed, OBJECT | other, PLAIN) == labels((1, OBJECT), (2, other))).all()


def test_two_seeds_of_one_class_in_a_region_are_no_reason_to_divide_it():
    seed = labels((4, box(12, 12, 5, 5)), (4, box(22, 22, 5, 5)))
    assert (g2(seed, OBJECT, PLAIN) == labels((4, OBJECT))).all()


@pytest.mark.parametrize("energy", ENERGIES)
def test_a_region_of_two_seeds_is_divided_where_the_colours_change(energy):
    upper, lower = box(10, 10, 9, 20), box(19, 10, 11, 20)
    pixels = photograph(((200, 60, 60), upper), ((60, 60, 200), lower))
    seed = labels((2, box(11, 17, 5, 5)), (4, box(23, 17, 5, 5)))
    assert (g2(seed, OBJECT, pixels, GuideConfig(energy=energy)) == labels((2, upper), (4, lower))).all()


def test_nothing_of_a_divided_region_becomes_background_and_nothing_outside_becomes_foreground():
    draws = np.random.default_rng(0)
    seed = labels((1, box(10, 10, 8, 8)), (2, box(20, 20, 8, 8)), (3, box(12, 22, 6, 6)))
    found = g2(seed, OBJECT, draws.integers(0, 256, (*SIZE, 3)).astype(np.uint8))
    assert set(np.unique(found[OBJECT])) <= {1, 2, 3}
    assert not found[~OBJECT].any()


def test_the_two_topmost_rows_are_labelled_as_all_others():
    """The authors' code sets them to background by a mistake."""
    whole = np.ones(SIZE, bool)
    assert (g2(labels((1, box(12, 12, 5, 5))), whole, PLAIN) == 1).all()
    top = box(0, 10, 20, 20)
    assert (g2(labels((1, box(0, 12, 5, 5))), top, PLAIN) == labels((1, top))).all()


def test_a_seed_of_25_pixels_counts_and_one_of_24_does_not():
    assert (g2(labels((1, box(12, 12, 5, 5))), OBJECT, PLAIN) == labels((1, OBJECT))).all()
    assert not g2(labels((1, box(12, 12, 4, 6))), OBJECT, PLAIN).any()
    assert not g2(labels((1, box(2, 40, 4, 6))), OBJECT, PLAIN).any()


def test_seeds_that_touch_by_a_corner_are_one():
    assert (g2(labels((1, box(12, 12, 3, 5)), (1, box(15, 17, 2, 5))), OBJECT, PLAIN) == labels((1, OBJECT))).all()


def test_a_salient_region_of_a_hundredth_of_the_image_counts_and_a_smaller_one_does_not():
    seed = labels((1, box(10, 10, 5, 5)))
    hundredth, smaller = box(10, 10, 4, 5), box(10, 10, 1, 19)
    assert (g2(seed, hundredth, PLAIN) == labels((1, hundredth))).all()
    assert (g2(seed, smaller, PLAIN) == seed).all()


def test_a_mirrored_image_has_the_mirrored_guide_labels():
    seed = labels((1, box(12, 12, 5, 5)), (2, box(2, 40, 5, 5)))
    mirrored = g2(seed[:, ::-1], OBJECT[:, ::-1], PLAIN[:, ::-1])
    assert (mirrored[:, ::-1] == g2(seed, OBJECT, PLAIN)).all()


def test_other_names_of_the_classes_change_nothing_else():
    seed = labels((1, box(10, 10, 8, 8)), (2, box(20, 20, 8, 8)))
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    new = np.array([0, 7, 5])
    assert (g2(new[seed], OBJECT, pixels) == new[g2(seed, OBJECT, pixels)]).all()


def test_without_anything_salient_the_seeds_stay():
    seed = labels((3, box(12, 12, 5, 5)), (1, box(2, 40, 5, 5)), (2, box(30, 3, 2, 2)))
    wanted = labels((3, box(12, 12, 5, 5)), (1, box(2, 40, 5, 5)))  # the third is too small
    assert (g2(seed, np.zeros(SIZE, bool), PLAIN) == wanted).all()
    assert not g0(np.zeros(SIZE, bool), TAGS, np.random.default_rng(0)).any()
    assert not g1(np.zeros(SIZE, bool), TAGS, mean_inside(np.ones((4, *SIZE)))).any()


def test_saliency_that_touches_no_seed_is_background_and_the_seeds_stay():
    seed = labels((3, box(2, 40, 5, 5)))
    assert (g2(seed, OBJECT, PLAIN) == seed).all()


def test_an_image_without_tags_is_background():
    none = np.array([0, -1, 0, 0])
    assert not g2(labels(), OBJECT, PLAIN).any()
    assert not g0(OBJECT, none, np.random.default_rng(0)).any()
    assert not g1(OBJECT, none, mean_inside(np.ones((4, *SIZE)))).any()
    assert not g0(OBJECT, np.zeros(0, int), np.random.default_rng(0)).any()


def test_one_class_everywhere_fills_what_is_salient_and_all_where_nothing_is():
    everywhere = np.full(SIZE, 2)
    assert (g2(everywhere, np.ones(SIZE, bool), PLAIN) == 2).all()
    assert (g2(everywhere, OBJECT, PLAIN) == labels((2, OBJECT))).all()
    assert (g2(everywhere, np.zeros(SIZE, bool), PLAIN) == 2).all()


def test_objects_of_one_pixel_are_too_small_unless_the_least_areas_allow_them():
    point = box(20, 20, 1, 1)
    assert not g2(labels((2, point)), point, PLAIN).any()
    assert not g0(point, TAGS, np.random.default_rng(0)).any()
    allowed = GuideConfig(min_seed_area=1, min_salient_share=0)
    assert (g2(labels((2, point)), point, PLAIN, allowed) == labels((2, point))).all()


def test_an_image_of_one_pixel_passes():
    one, pixel = np.ones((1, 1), np.int64), np.zeros((1, 1, 3), np.uint8)
    assert g2(one, one > 0, pixel).tolist() == [[0]]
    assert g2(one, one > 0, pixel, GuideConfig(min_seed_area=1)).tolist() == [[1]]


def test_maps_of_another_size_are_refused():
    with pytest.raises(ShapeError, match=r"saliency \(50, 40\)"):
        g2(labels(), OBJECT.T, PLAIN)
    with pytest.raises(ShapeError, match=r"wanted \(H, W\)"):
        g2(labels(), OBJECT, PLAIN[:, :, 0])


@pytest.mark.parametrize("setting", ["min_salient_share", "min_seed_area", "blur"])
def test_settings_without_a_meaning_are_refused(setting):
    with pytest.raises(UsageError, match=f"{setting} = -1"):
        GuideConfig(**{setting: -1})


def test_pieces_of_seeds_are_numbered_class_by_class():
    seed = np.array([[2, 2, 0, 1], [0, 0, 0, 1], [2, 1, 1, 2]])
    assert seed_pieces(seed, GuideConfig(min_seed_area=1)).tolist() == [[2, 2, 0, 1], [0, 0, 0, 1], [3, 1, 1, 4]]
    assert seed_pieces(seed, GuideConfig(min_seed_area=2)).tolist() == [[2, 2, 0, 1], [0, 0, 0, 1], [0, 1, 1, 0]]


def test_regions_are_numbered_from_above():
    regions = salient_regions(OBJECT | box(0, 40, 8, 8) | box(39, 0, 1, 3))
    assert (regions == labels((2, OBJECT), (1, box(0, 40, 8, 8)))).all()


def blurred(values, sigma):
    """Blur a map in plain loops; beyond the rim it goes on mirrored."""
    reach = int(4 * sigma + 0.5)
    weight = {step: math.exp(-(step**2) / (2 * sigma**2)) for step in range(-reach, reach + 1)}
    total = sum(weight.values())

    def line(row):
        there_and_back = [*row, *row[::-1]]
        size = len(there_and_back)
        return [sum(w * there_and_back[(x + s) % size] for s, w in weight.items()) / total for x in range(len(row))]

    across = np.array([line(list(row)) for row in values])
    return np.array([line(list(column)) for column in across.T]).T


@pytest.mark.parametrize("energy", ENERGIES)
def test_energies_of_seeds_equal_plain_loops(energy):
    seed = np.array([[1, 0, 3, 3], [0, 0, 3, 0], [0, 2, 0, 0]])
    found = seed_energy(seed, np.array([1, 3]), GuideConfig(energy=energy, blur=1.3))
    for number, one in zip((1, 3), found, strict=True):
        near = blurred(np.where(seed == number, 0.999, 0.001), 1.3)
        np.testing.assert_allclose(one, -near if energy == "probability" else -np.log(near))


def test_a_region_is_divided_by_the_dense_crf_of_the_whole_image():
    seed = labels((2, box(11, 12, 5, 5)), (4, box(20, 20, 5, 5)), (3, box(1, 1, 5, 5)))
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    crf = DenseCRFConfig(bilateral_weight=2.0, sigma_rgb=40.0, num_iterations=3)
    config, classes = GuideConfig(crf=crf, blur=2.0), np.array([2, 4])
    energy = torch.from_numpy(np.stack([-np.log(blurred(np.where(seed == one, 0.999, 0.001), 2.0)) for one in (2, 4)]))
    q = dense_crf(energy[None].float(), torch.from_numpy(pixels).permute(2, 0, 1)[None], crf)[0]
    assert (divided(seed, classes, pixels, config) == classes[q.argmax(0)]).all()
    found = g2(seed, OBJECT, pixels, config)
    assert (found[OBJECT] == classes[q.argmax(0)][OBJECT]).all()


def test_the_published_crf_is_the_one_for_the_output_of_a_network():
    assert (PAPER.crf.bilateral_weight, PAPER.crf.sigma_xy, PAPER.crf.sigma_rgb) == (4, 121, 5)
    assert (PAPER.crf.gaussian_weight, PAPER.crf.sigma, PAPER.crf.num_iterations) == (3, 3, 10)


def test_a_small_seed_far_from_a_large_one_stays_by_default_and_is_lost_as_published():
    region = box(0, 20, 40, 10)
    small, large = box(1, 22, 5, 5), box(31, 21, 8, 8)
    seed = labels((1, small), (2, large))
    assert (g2(seed, region, PLAIN)[small] == 1).all()
    assert (g2(seed, region, PLAIN, PAPER)[region] == 2).all()


def test_every_region_gets_a_class_of_the_image_and_all_are_as_likely():
    regions = OBJECT | box(5, 38, 30, 10)
    seen = [g0(regions, TAGS, np.random.default_rng(seed)) for seed in range(400)]
    for region in (OBJECT, box(5, 38, 30, 10)):
        values = np.array([one[region] for one in seen])
        assert (values == values[:, :1]).all()
        assert set(values[:, 0]) == {1, 3}
        assert 0.4 < (values[:, 0] == 1).mean() < 0.6
    assert any(len(np.unique(one)) == 3 for one in seen)
    assert not any(one[~regions].any() for one in seen)


def test_the_same_generator_gives_the_same_classes():
    one, other = (g0(OBJECT, TAGS, np.random.default_rng(3)) for _ in range(2))
    assert (one == other).all()


def test_every_region_gets_the_likeliest_class_that_the_image_has():
    other = box(5, 38, 30, 10)
    class_maps = np.zeros((4, *SIZE))
    class_maps[0, other], class_maps[2, OBJECT], class_maps[1], class_maps[3] = 2, 1, 50, 50
    class_maps[0, 12, 12] = 60  # a high point says less than the mean
    found = g1(OBJECT | other, TAGS, mean_inside(class_maps))
    assert (found == labels((3, OBJECT), (1, other))).all()


def test_a_classifier_of_regions_sees_each_region_alone():
    seen = []

    def scores(inside):
        seen.append(inside)
        return np.array([0.0, 1.0, -5.0, 0.0])

    other = box(5, 38, 30, 10)
    found = g1(OBJECT | other | box(0, 0, 1, 2), TAGS, scores)
    assert (found == labels((1, OBJECT), (1, other))).all()
    assert [mask.sum() for mask in seen] == [other.sum(), OBJECT.sum()]
    assert (seen[0] == other).all()
    assert (seen[1] == OBJECT).all()
