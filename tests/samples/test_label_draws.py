import numpy as np
import pytest

from lessup.errors import DataError
from lessup.samples.images import Images, Ragged, joined
from lessup.samples.label_draws import LabelledPool, hold_out, label_draws, targets
from lessup.samples.splits import Folds, Split, split


def pictures(label, *, num_classes=3, group=None, official=None, tags=None):
    """Generated images of 4 x 4 pixels, each with content of its own."""
    num = len(label)
    generator = np.random.default_rng(0)
    return Images(
        pixels=Ragged.of([generator.integers(0, 256, (4, 4, 1), np.uint8) for _ in range(num)]),
        id=np.array([f"image {number:03d}" for number in range(num)]),
        label=np.asarray(label, np.int64),
        classes=tuple(f"class {number}" for number in range(num_classes)),
        group=np.arange(num) if group is None else np.asarray(group),
        official=np.full(num, "", "<U5") if official is None else np.asarray(official),
        fingerprint="generated",
        tags=tags,
    )


def untouched(samples):
    """All samples as a test part, as a protocol gets data that nothing was trained on."""
    nothing = samples.take(np.arange(0))
    return Split(nothing, nothing, samples)


def ids(pool, positions):
    return np.concatenate([part.id for part in pool.parts])[positions]


def test_each_class_is_known_as_often_as_asked_and_the_rest_is_measured():
    pool = LabelledPool.of(untouched(pictures(np.repeat([0, 1, 2], [10, 20, 5]))))
    draw = pool.draw(0, num_per_class=3)
    assert np.bincount(pool.label[draw.known]).tolist() == [3, 3, 3]
    assert sorted([*draw.known, *draw.asked]) == list(range(35))


def test_draws_differ_and_repeat_and_small_ones_are_parts_of_large_ones():
    pool = LabelledPool.of(untouched(pictures(np.repeat([0, 1, 2], 30))))
    first, again, second = (pool.draw(number, num_per_class=5).known.tolist() for number in (0, 0, 1))
    assert first == again
    assert first != second
    assert set(pool.draw(0, num_per_class=1).known) < set(first) < set(pool.draw(0, num_per_class=12).known)


def test_a_small_class_keeps_one_sample_to_be_measured():
    pool = LabelledPool.of(untouched(pictures(np.repeat([0, 1, 2], [4, 40, 2]))))
    draw = pool.draw(0, num_per_class=30)
    assert np.bincount(pool.label[draw.known]).tolist() == [3, 30, 1]
    assert np.bincount(pool.label[draw.asked]).tolist() == [1, 10, 1]


def test_a_held_out_part_is_never_known_and_always_asked():
    parts = split(pictures(np.repeat([0, 1, 2], 20)), Folds())
    pool = LabelledPool.of(parts)
    for number in range(3):
        draw = pool.draw(number, num_per_class=4)
        assert set(ids(pool, draw.asked)) == set(parts.test.id)
        assert not set(ids(pool, draw.known)) & set(parts.test.id)
    everything = pool.draw(0, num_per_class=0)
    assert set(ids(pool, everything.known)) == set(parts.train.id) | set(parts.validation.id)


def test_several_draws_of_the_whole_training_part_know_a_random_half_of_each_class():
    parts = split(pictures(np.repeat([0, 1, 2], [20, 31, 9])), Folds())
    pool = LabelledPool.of(parts)
    counts = np.bincount(pool.label[~pool.held_out])
    draws = label_draws(pool, 3, num_per_class=0, seed=2)
    for draw in draws:
        assert np.bincount(pool.label[draw.known]).tolist() == np.ceil(counts / 2).tolist()
        assert set(ids(pool, draw.asked)) == set(parts.test.id)
    assert len({tuple(draw.known) for draw in draws}) == 3
    (whole,) = label_draws(pool, 1, num_per_class=0, seed=2)
    assert whole.known.tolist() == np.flatnonzero(~pool.held_out).tolist()


def test_halves_spread_as_the_means_of_fresh_samples_of_the_whole_size_do():
    pool = LabelledPool.of(untouched(pictures(np.repeat([0, 1], 50), num_classes=2)))
    value = np.random.default_rng(0).normal(size=100)
    halves = [pool.half(number).known for number in range(4000)]
    spread = np.std([value[known[pool.label[known] == 0]].mean() for known in halves])
    assert spread == pytest.approx(np.std(value[pool.label == 0], ddof=1) / 50**0.5, rel=0.05)


def test_equal_images_and_groups_stay_on_one_side():
    samples = pictures(np.repeat([0, 1], 12), num_classes=2, group=np.arange(24) // 2)
    copied = samples.pixels.start.copy()
    copied[5] = copied[0]  # image 5 has the pixels of image 0
    samples = Images(**{**vars(samples), "pixels": Ragged(samples.pixels.flat, copied, samples.pixels.extent, 1)})
    pool = LabelledPool.of(untouched(samples))
    family = np.arange(24) // 2
    family[family == 2] = 0
    for number in range(10):
        draw = pool.draw(number, num_per_class=3)
        assert not set(family[draw.known]) & set(family[draw.asked])
        parted = hold_out(pool, draw.known)
        assert parted is None or not set(family[parted.known]) & set(family[parted.asked])


def test_samples_without_a_label_are_left_out_and_counted():
    pool = LabelledPool.of(untouched(pictures([0, 1, -1, 0, 1, -1])))
    assert pool.unlabelled == 2
    assert set(ids(pool, np.arange(4))) == {"image 000", "image 001", "image 003", "image 004"}


def test_one_label_becomes_one_target_and_tags_stay_as_they_are():
    assert targets(pictures([2, 0, -1])).tolist() == [[0, 0, 1], [1, 0, 0], [-1, -1, -1]]
    tags = np.array([[1, -1, 0]], np.int8)
    assert targets(pictures([-1], tags=tags)) is tags


def test_an_image_with_several_classes_is_taken_while_any_of_them_wants_more():
    tags = np.random.default_rng(0).integers(0, 2, (60, 3)).astype(np.int8)
    pool = LabelledPool.of(untouched(pictures(np.full(60, -1), tags=tags)))
    assert pool.several
    few, more = (pool.draw(0, num_per_class=number).known for number in (4, 8))
    assert (tags[few] == 1).sum(0).min() >= 4
    assert set(few) < set(more)
    assert tags[few].any(1).all()


def test_a_third_of_each_class_is_held_out_to_choose_on():
    pool = LabelledPool.of(untouched(pictures(np.repeat([0, 1, 2], 30))))
    draw = pool.draw(0, num_per_class=9)
    parted = hold_out(pool, draw.known)
    assert np.bincount(pool.label[parted.asked]).tolist() == [3, 3, 3]
    assert sorted([*parted.known, *parted.asked]) == draw.known.tolist()


def test_nothing_can_be_held_out_of_two_samples_a_class():
    pool = LabelledPool.of(untouched(pictures(np.repeat([0, 1, 2], 30))))
    assert hold_out(pool, pool.draw(0, num_per_class=2).known) is None


@pytest.mark.parametrize(
    ("label", "number", "message"),
    [
        ([0, 0, 0], 1, "two classes or more"),
        ([-1, -1], 1, "two classes"),
        ([0, 1, 1], 1, "one sample"),
        ([0, 0, 1, 1], 0, "0 to measure"),
    ],
    ids=["one class", "no labels", "one sample of a class", "all known"],
)
def test_what_cannot_be_drawn_from_is_refused(label, number, message):
    with pytest.raises(DataError, match=message):
        LabelledPool.of(untouched(pictures(label))).draw(0, num_per_class=number)


def test_parts_of_a_set_are_joined_in_order_without_a_copy():
    whole = pictures(np.repeat([0, 1, 2], 8))
    parts = split(whole, Folds())
    both = joined([parts.test, parts.train])
    assert both.pixels.flat is whole.pixels.flat
    assert both.id.tolist() == [*parts.test.id, *parts.train.id]
    place = int(np.flatnonzero(whole.id == both.id[-1])[0])
    np.testing.assert_array_equal(both.pixels[len(both) - 1], whole.pixels[place])
    assert both.batch([0, len(both) - 1])["label"].tolist() == [both.label[0], both.label[-1]]


def test_a_pool_of_some_samples_holds_them_from_whichever_part_they_come():
    pool = LabelledPool.of(split(pictures(np.repeat([0, 1, 2], 20)), Folds()))
    chosen = np.arange(1, len(pool.targets), 3)
    some = pool.take(chosen)
    assert np.concatenate([part.id for part in some.parts]).tolist() == ids(pool, chosen).tolist()
    assert some.label.tolist() == pool.label[chosen].tolist()
    assert some.held_out.tolist() == pool.held_out[chosen].tolist()
    assert [len(part) for part in pool.take(np.array([0])).parts] == [1], "empty parts are left out"
