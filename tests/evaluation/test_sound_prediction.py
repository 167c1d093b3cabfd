"""Answers about sounds are counted beside loops, on frames whose colour tells the sound."""

from collections import Counter

import numpy as np
import pytest
import torch

from lessup.errors import DataError, UsageError
from lessup.evaluation.sound_prediction import SoundPrediction
from lessup.methods.ambient_sound import AmbientSound, AmbientSoundConfig
from lessup.samples.splits import Split
from toy_frames import frames

COLOURS = ("red", "green", "blue")


def trained(train, target="cluster") -> AmbientSound:
    """A network whose last layer is fitted to what is heard around the training frames."""
    torch.manual_seed(0)
    method = AmbientSound(AmbientSoundConfig(backbone="alexnet-small", clusters=3, bits=2, target=target)).eval()
    method.begin(train, seed=0)
    with torch.no_grad():
        batch = train.batch(np.arange(len(train)))
        x = torch.nn.functional.pad(method.backbone(method.prepared(batch)).flatten(1), (0, 1), value=1.0)
        right = method._one_hot(method.targets(batch["texture"])) - 0.5
        weight = torch.linalg.lstsq(x.double(), right.double(), driver="gelsd").solution.T.float()
        method.answer.weight.copy_(weight[:, :-1])
        method.answer.bias.copy_(weight[:, -1])
    return method


def measure(method, test, train, **settings):
    nothing = test.take(np.arange(0))
    return SoundPrediction(SoundPrediction.Config(**settings)).measure(method, Split(train, nothing, test))


@pytest.fixture(scope="module")
def train():
    return frames(60, classes=COLOURS)


@pytest.fixture(scope="module")
def result(train):
    return measure(trained(train), frames(44, seed=5, classes=COLOURS), train, exchanges=300)


def test_a_network_that_knows_which_colour_sounds_how_is_right(result):
    assert result.rows["model"]["accuracy"].mean == 100
    assert result.rows["model"]["class_mean"].mean == 100


def test_chance_is_the_commonest_sound_of_the_training_part(result, train):
    method, test = trained(train), frames(44, seed=5)
    commonest = int(method.frequency.argmax())
    right = method.targets(torch.from_numpy(test.moments.texture)).tolist()
    assert result.rows["chance"]["accuracy"].mean == pytest.approx(100 * right.count(commonest) / 44)
    assert result.rows["chance"]["class_mean"].mean == pytest.approx(100 / 3)


def test_class_of_a_clip_that_says_all_about_its_sound_is_a_row_of_its_own(result, train):
    assert result.rows["class_prior"]["accuracy"].mean == 100
    unlabelled = frames(44, seed=5)
    assert "class_prior" not in measure(trained(train), unlabelled, train, exchanges=2).rows


def test_exchanged_sounds_are_right_as_often_as_two_clips_sound_alike(result):
    kinds = Counter(clip % 3 for clip in range(11))
    alike = sum((count / 11) ** 2 for count in kinds.values())
    row = result.rows["exchanged"]["accuracy"]
    assert row.n == 300
    assert abs(row.mean / 100 - alike) < 4 * row.std / 100 / np.sqrt(300)
    assert result.notes[0] == "11 held-out clips, 3 clusters"
    assert result.notes[1].startswith("0 of 300 exchanges")


def test_bits_are_counted_one_by_one(train):
    method, test = trained(train, "binary"), frames(44, seed=5)
    rows = measure(method, test, train, exchanges=5).rows
    texture = torch.from_numpy(test.moments.texture)
    right = method.targets(texture).numpy()
    told = method.told(test.batch(np.arange(44))).detach().numpy() > 0
    assert rows["model"]["accuracy"].mean == pytest.approx(100 * (told == right).mean())
    usual = method.frequency.numpy() > 0.5
    assert rows["chance"]["accuracy"].mean == pytest.approx(100 * (usual == right).mean())
    assert "class_mean" not in rows["model"]


def test_frames_around_which_nothing_is_heard_are_left_out_and_counted(train):
    method, test = trained(train), frames(44, seed=5)
    test.moments.texture[:4] = np.nan
    result = measure(method, test, train, exchanges=2)
    assert result.rows["model"]["accuracy"].mean == 100
    assert "nothing is heard around 4 of 44 frames: left out" in result.notes
    test.moments.texture[:] = np.nan
    with pytest.raises(DataError, match="no sound around held-out frames"):
        measure(method, test, train)
    with pytest.raises(UsageError, match="--exchanges 0"):
        measure(method, test, train, exchanges=0)
