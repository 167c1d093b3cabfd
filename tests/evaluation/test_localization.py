"""The protocol of localisation on coloured boxes, for a network whose maps are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_colours import ToyColours, knowing_colours, things

from lessup.errors import DataError, UsageError
from lessup.evaluation.localization import CENTRAL, Localization
from lessup.masks.boxes import central_box, paper_boxes, release_boxes
from lessup.masks.image_maps import image_maps
from lessup.samples.images import Boxes
from lessup.samples.splits import Folds, Split, split


def whole(images):
    nothing = images.take(np.arange(0))
    return Split(train=nothing, validation=nothing, test=images)


def overlap_of(first, second) -> float:
    across = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    down = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return across * down / (sum(areas) - across * down)


def map_of(network, images, index):
    batch = images.batch([index])
    return image_maps(network, batch, batch["label"][:, None], scale="range")[0][0]


def percent(values) -> float:
    return 100 * float(np.mean(list(values)))


@pytest.fixture(scope="module")
def measured():
    return Localization(Localization.Config(thresholds=20)).measure(knowing_colours(), whole(things()))


def test_boxes_of_the_given_class_are_counted_as_in_loops(measured):
    images, network = things(), knowing_colours()
    boxes = [own.corners[0] for own in images.boxes]
    maps = [map_of(network, images, index) for index in range(len(images))]
    found = [overlap_of(paper_boxes(own)[0], box) >= 0.5 for own, box in zip(maps, boxes, strict=True)]
    model = measured.rows["model"]
    assert model["given"].mean == pytest.approx(percent(found))
    assert model["given/red"].mean == pytest.approx(percent(found[::3]))
    curve = [
        percent(overlap_of(paper_boxes(own, place / 20)[0], box) >= 0.5 for own, box in zip(maps, boxes, strict=True))
        for place in range(20)
    ]
    np.testing.assert_allclose(measured.figures["curve_model"], curve)
    assert model["max_box_accuracy"].mean == pytest.approx(max(curve))
    assert model["mean_box_accuracy"].mean == pytest.approx(np.mean(curve))
    with torch.no_grad():
        named = [int(network.classify(images.batch([index])).argmax()) for index in range(len(images))]
    right = [own == label for own, label in zip(named, images.label.tolist(), strict=True)]
    assert model["top1"].mean == pytest.approx(percent(a and b for a, b in zip(found, right, strict=True)))
    assert model["top1_class"].mean == pytest.approx(percent(right))
    assert 0 < model["given"].mean <= model["max_box_accuracy"].mean
    assert "top5" not in model, "three classes are always among five"


def test_any_part_may_find_the_object_in_the_second_version(measured):
    images, network = things(), knowing_colours()
    best = {0.3: [], 0.5: [], 0.7: []}
    for least, accuracies in best.items():
        for place in range(20):
            hits = []
            for index in range(len(images)):
                parts = paper_boxes(map_of(network, images, index), place / 20)
                hits.append(max(overlap_of(part, images.boxes[index].corners[0]) for part in parts) >= least)
            accuracies.append(percent(hits))
    wanted = np.mean([max(accuracies) for accuracies in best.values()])
    assert measured.rows["model"]["max_box_accuracy_v2"].mean == pytest.approx(wanted)


def test_pixels_are_those_of_scikit_learn_where_there_are_masks(measured):
    from sklearn.metrics import average_precision_score

    images, network = things(), knowing_colours()
    scores = np.concatenate([map_of(network, images, index).reshape(-1) for index in range(len(images))])
    truth = np.concatenate([(images.masks[index] > 0).reshape(-1) for index in range(len(images))])
    wanted = 100 * average_precision_score(truth, np.floor(scores * 1000))
    assert measured.rows["model"]["pixel_ap"].mean == pytest.approx(wanted, abs=0.01)
    assert measured.rows["whole_image"]["pixel_ap"].mean == pytest.approx(100 * truth.mean())
    assert "pixel_ap is that of the 12 of 12 images with a mask" in measured.notes
    bare = Localization().measure(network, whole(things(masks=False)))
    assert "pixel_ap" not in bare.rows["model"]


def test_boxes_that_do_not_look_are_the_whole_image_and_its_middle(measured):
    images = things()
    for row, side in (("whole_image", 1.0), ("central_box", CENTRAL)):
        hits = []
        for index in range(len(images)):
            box = central_box(tuple(images.pixels.extent[index].tolist()), side)[0]
            hits.append(overlap_of(box, images.boxes[index].corners[0]) >= 0.5)
        scores = measured.rows[row]
        assert scores["given"].mean == pytest.approx(percent(hits))
        assert scores["given"] == scores["max_box_accuracy"] == scores["mean_box_accuracy"], "it has no threshold"
    assert "central_box_chosen" not in measured.rows


def test_classes_drawn_at_random_get_their_share_of_the_models_boxes(measured):
    rows = measured.rows
    assert rows["chance_class"]["top1"].mean == pytest.approx(rows["model"]["given"].mean / 3)
    assert rows["chance_class"]["top1_class"].mean == pytest.approx(100 / 3)
    assert rows["chance_class"]["given"].mean < rows["model"]["given"].mean
    assert list(rows) == ["whole_image", "central_box", "chance_class", "random", "model"]


def test_without_validation_boxes_the_papers_threshold_stands_and_the_note_says_so(measured):
    assert measured.notes[0] == (
        "boxes lie around the largest part above 20 % of the maximum of the map; no box was looked at to choose that"
    )
    own = Localization(Localization.Config(threshold=0.6)).measure(knowing_colours(), whole(things()))
    place = list(measured.figures["thresholds"]).index(0.6)
    assert own.rows["model"]["given"].mean == pytest.approx(measured.figures["curve_model"][place])


def test_threshold_and_central_box_are_chosen_on_validation_boxes_alone():
    network, known = knowing_colours(), things(9, seed=1)
    parts = replace(whole(things()), validation=known)
    config = Localization.Config(validation_boxes=6, thresholds=10)
    result = Localization(config).measure(network, parts)
    chosen = known.take(np.sort(np.random.default_rng(0).permutation(9)[:6]))
    accuracy = []
    for place in range(10):
        parts_found = [paper_boxes(map_of(network, chosen, index), place / 10) for index in range(6)]
        hits = [overlap_of(own[0], chosen.boxes[index].corners[0]) >= 0.5 for index, own in enumerate(parts_found)]
        accuracy.append(sum(hits))
    best = [place for place in range(10) if accuracy[place] == max(accuracy)]
    threshold = best[len(best) // 2] / 10
    note = result.notes[0]
    assert note.startswith("chosen by the boxes of 6 validation images: a central box of ")
    assert f"{100 * threshold:g} % (model)" in note
    curve = result.figures["curve_model"]
    assert result.rows["model"]["given"].mean == pytest.approx(curve[round(10 * threshold)])
    sides = [1 - place / 10 for place in range(10)]
    found = []
    for side in sides:
        boxes = [central_box(tuple(chosen.pixels.extent[index].tolist()), side)[0] for index in range(6)]
        found.append(sum(overlap_of(box, own.corners[0]) >= 0.5 for box, own in zip(boxes, chosen.boxes, strict=True)))
    best = [side for side, count in zip(sides, found, strict=True) if count == max(found)]
    assert f"a central box of {100 * best[len(best) // 2]:g} % of each side" in note
    assert max(found) > found[0], "the whole image is not the best box"
    assert result.rows["central_box_chosen"]["given"].mean > 0
    assert not Localization(config).deals
    assert Localization().deals


def test_boxes_of_the_release_have_no_threshold_to_choose():
    images, network = things(), knowing_colours()
    result = Localization(Localization.Config(method="release")).measure(network, whole(images))
    boxes = [release_boxes(map_of(network, images, index))[0] for index in range(len(images))]
    hits = [overlap_of(box, own.corners[0]) >= 0.5 for box, own in zip(boxes, images.boxes, strict=True)]
    assert result.rows["model"]["given"].mean == pytest.approx(percent(hits))
    assert "at 20, 100, 110 of 255" in result.notes[0]


def test_images_without_a_box_of_their_class_are_left_out_and_counted():
    images = things()
    other = [replace(own, label=own.label + 1) for own in images.boxes[:2]]
    difficult = replace(images.boxes[2], difficult=np.array([True]))
    label = np.where(np.arange(12) == 3, -1, images.label)
    changed = replace(images, boxes=(*other, difficult, *images.boxes[3:]), label=label)
    result = Localization().measure(knowing_colours(), whole(changed))
    assert result.notes[0] == "4 of 12 test images are left out: they have no box of their class"
    assert len(result.figures["example_overlap"]) == 8


def test_any_instance_of_the_class_may_be_found():
    images = things()
    far = np.array([[0, 0, 2, 2]], np.float32)
    several = tuple(
        Boxes(np.concatenate([far, own.corners]), np.repeat(own.label, 2), np.zeros(2, bool)) for own in images.boxes
    )
    one, two = (
        Localization().measure(knowing_colours(), whole(own)).rows["model"]["given"]
        for own in (images, replace(images, boxes=several))
    )
    assert one == two


def test_figures_show_image_map_found_and_true_box(measured):
    images, figures = things(), measured.figures
    assert figures["example_image"].shape == (12, *images.pixels.extent.max(0), 3)
    for place in range(12):
        height, width = figures["example_extent"][place]
        assert (figures["example_image"][place, :height, :width] == images.pixels[place]).all()
        assert figures["example_map"][place, :height, :width].max() == 255
        assert not figures["example_map"][place, height:].any()
        found, true = figures["example_found"][place, 0], figures["example_true"][place, 0]
        assert true.tolist() == images.boxes[place].corners[0].tolist()
        assert figures["example_overlap"][place] == pytest.approx(overlap_of(found, true))
    assert figures["example_class"].tolist() == [images.classes[label] for label in images.label]


def test_gain_over_each_blind_box_has_its_standard_error(measured):
    notes = [note for note in measured.notes if note.startswith("given, model over ")]
    assert len(notes) == 2
    gain = measured.rows["model"]["given"].mean - measured.rows["central_box"]["given"].mean
    assert f"model over central_box, image by image: {gain:+.1f} points" in notes[1]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"threshold": 1.0}, "--threshold 1.0"),
        ({"thresholds": 0}, "--thresholds 1"),
        ({"validation_boxes": -1}, "--validation-boxes 0"),
    ],
)
def test_settings_out_of_range_are_refused(config, said):
    with pytest.raises(UsageError, match=said):
        Localization(Localization.Config(**config)).measure(knowing_colours(), whole(things()))


def test_data_that_cannot_carry_it_is_refused_with_advice():
    network, images = knowing_colours(), things()
    with pytest.raises(DataError, match=r"none of the 0 validation images .* pass --validation-boxes 0"):
        Localization(Localization.Config(validation_boxes=5)).measure(network, whole(images))
    with pytest.raises(DataError, match=r"none of the 0 test images .* --folds 2"):
        Localization().measure(network, whole(images.take(np.arange(0))))
    with pytest.raises(DataError, match="knows 4 classes, these images have 3"):
        Localization().measure(ToyColours(ToyColours.Config(num_classes=4)).eval(), whole(images))


def test_split_of_a_run_gives_test_images_alone():
    parts = split(things(24), Folds())
    result = Localization().measure(knowing_colours(), parts)
    assert len(result.figures["example_overlap"]) == len(parts.test)
