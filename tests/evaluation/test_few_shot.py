from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from toy_images import ToyEncoder

from lessup.errors import DataError, UsageError
from lessup.evaluation import few_shot
from lessup.evaluation.few_shot import FewShot
from lessup.features import raw_pixels
from lessup.methods import FewShotLearner, Method
from lessup.samples.images import Images, Ragged
from lessup.samples.splits import Split

ALPHABETS = ("Greek",) * 6 + ("Latin",) * 8 + ("Tiny",) * 2


def drawings(per_class=20, superclasses=ALPHABETS, *, seed=0) -> Images:
    """Random images of 16 pixels whose first pixels count their class in bits."""
    random, count = np.random.default_rng(seed), len(superclasses)
    label = np.repeat(np.arange(count), per_class)
    pixels = random.integers(0, 256, (len(label), 16, 16, 1), np.uint8)
    return Images(
        pixels=Ragged.of([*pixels]),
        id=np.array([str(number) for number in range(len(label))]),
        label=label,
        classes=tuple(f"{name}/{number}" for number, name in enumerate(superclasses)),
        group=np.arange(len(label)),
        official=np.full(len(label), ""),
        fingerprint="generated",
        superclasses=superclasses,
    )


class Oracle(ToyEncoder):
    """Encodes an image as the one-hot label, or as noise."""

    def __init__(self, config=None, *, noise=False) -> None:
        super().__init__(config or self.Config(channels=1))
        self.noise = noise

    def encode(self, batch, layer=None):
        label = batch["label"]
        if self.noise:
            return torch.rand(len(label), 8, generator=torch.Generator().manual_seed(len(label)))
        return torch.nn.functional.one_hot(label, 64).float()

    def encode_layers(self, batch, layers):
        return {layer: self.encode(batch, layer) for layer in layers}


def split(test: Images, train: Images | None = None) -> Split:
    nothing = test.take(np.arange(0))
    return Split(train=train or nothing, validation=nothing, test=test)


def measured(method, test, **changed):
    config = FewShot.Config(**{"episodes": 60, "references": False, **changed})
    return FewShot(config).measure(method.eval(), split(test))


@pytest.mark.parametrize("shot", [1, 3])
def test_one_hot_features_tell_everything(shot):
    rows = measured(Oracle(), drawings(), shot=shot).rows
    for kind in ("across", "within"):
        assert rows["model"][kind].mean == 100
        assert rows["model"][f"{kind}_interval"].mean == 0
        assert rows["chance"][kind].mean == 20


def test_random_features_are_at_chance_within_twice_the_interval():
    test = drawings(per_class=30)
    rows = measured(Oracle(noise=True), test, episodes=400).rows["model"]
    for kind in ("across", "within"):
        assert 0.2 < rows[f"{kind}_interval"].mean < 1.5
        assert abs(rows[kind].mean - 20) < 2 * rows[f"{kind}_interval"].mean


def test_interval_is_that_of_the_normal_distribution_over_episodes(monkeypatch):
    values = iter([float(value) for value in np.random.default_rng(0).uniform(0, 100, 120)])
    seen = []
    monkeypatch.setattr(few_shot, "_accuracy", lambda tell, one: seen.append(next(values)) or seen[-1])
    rows = measured(Oracle(), drawings()).rows["model"]
    across = np.array(seen[:60])
    assert rows["across"].mean == pytest.approx(across.mean())
    assert rows["across_interval"].mean == pytest.approx(1.96 * across.std(ddof=1) / 60**0.5)


def test_episodes_within_a_super_class_never_mix_and_those_across_do():
    test = drawings()
    drawn, notes = FewShot(FewShot.Config(way=5, episodes=80))._episodes(test)
    mixed = 0
    for kind, episodes in drawn.items():
        for one in episodes:
            label = test.label[np.concatenate([one.known, one.asked], 1)]
            assert (label == label[:, :1]).all()
            assert len(set(label[:, 0])) == 5
            assert one.known.shape == (5, 1)
            assert one.asked.shape == (5, 15)
            assert len(np.unique(np.concatenate([one.known, one.asked], 1))) == 5 * 16
            homes = {ALPHABETS[k] for k in label[:, 0]}
            mixed += len(homes) > 1
            assert kind == "across" or len(homes) == 1
            assert "Tiny" not in homes or kind == "across"
    assert mixed > 40
    assert "1 of 3 super-classes have fewer than 5 such classes: none within them" in notes


def test_own_metric_of_a_method_is_used_and_can_be_left():
    class Reversed(Oracle, FewShotLearner):
        @dataclass(frozen=True)
        class Config(ToyEncoder.Config):
            channels: int = 1

        def told(self, known, label, asked):
            return torch.cdist(asked, known)  # the farthest, of one shot

    assert measured(Reversed(), drawings()).rows["model"]["across"].mean < 1
    for metric in ("euclidean", "cosine"):
        assert measured(Reversed(), drawings(), metric=metric).rows["model"]["across"].mean == 100


def test_rows_stand_beside_the_model_and_pixels_are_those_of_a_loop():
    test = drawings(per_class=4)
    result = measured(ToyEncoder(ToyEncoder.Config(channels=1)), test, references=True, queries=3, episodes=20)
    assert list(result.rows) == ["chance", "pixels", "random", "model"]
    drawn, _ = FewShot(FewShot.Config(queries=3, episodes=20))._episodes(test)
    x = raw_pixels(test, 28).astype(np.float64)
    right = []
    for one in drawn["across"]:
        for way, query in ((way, query) for way, row in enumerate(one.asked) for query in row):
            distance = [((x[query] - x[known]) ** 2).sum() for known in one.known[:, 0]]
            right += [np.argmin(distance) == way]
    assert result.rows["pixels"]["across"].mean == pytest.approx(100 * np.mean(right))


def test_turned_images_are_classes_of_their_own():
    test = drawings(superclasses=("Greek", "Latin"), per_class=16)
    rows = measured(Oracle(), test, way=8, turned_classes=True).rows
    assert list(rows["model"]) == ["across", "across_interval"]
    assert rows["model"]["across"].mean == 100
    with pytest.raises(DataError, match="episode of 3 classes"):
        measured(Oracle(), test, way=3)


def test_too_few_classes_or_images_say_what_would_do():
    with pytest.raises(DataError, match=r"episode of 20 classes wants 16 images of each .* 16 of 16 classes have"):
        measured(Oracle(), drawings(), way=20)
    with pytest.raises(DataError, match=r"wants 23 images of each \(3 shot and 20 queries\): 0 of 16 classes"):
        measured(Oracle(), drawings(), shot=3, queries=20)
    with pytest.raises(UsageError, match="--way 1"):
        measured(Oracle(), drawings(), way=1)


def test_classes_with_too_few_images_are_left_out_and_counted():
    whole = drawings()
    test = whole.take(np.flatnonzero((whole.label != 3) | (np.arange(len(whole)) % 2 == 0)))
    assert "1 of 16 classes have fewer than 16 images" in measured(Oracle(), test).notes


def test_classes_that_were_trained_on_are_said():
    test = drawings()
    config = FewShot.Config(episodes=5, references=False)
    told = FewShot(config).measure(Oracle().eval(), split(test, train=test.take(np.arange(40)))).notes
    assert any(note.startswith("2 of 16 classes were there in training") for note in told)


def test_images_without_super_classes_have_no_episodes_within_one():
    rows = measured(Oracle(), replace(drawings(), superclasses=())).rows
    assert list(rows["model"]) == ["across", "across_interval"]


def test_every_method_can_be_measured():
    assert FewShot.needs is Method
