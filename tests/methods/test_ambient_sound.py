"""ambient-sound asks for what the sounds of the training clips say, and for nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lessup.errors import DataError, UsageError
from lessup.evaluation.pretext import Pretext
from lessup.features import untrained
from lessup.methods.ambient_sound import AmbientSound, AmbientSoundConfig
from lessup.samples.splits import Split
from lessup.transforms.draws import Draws
from lessup.transforms.sound_textures import PARTS
from toy_frames import frames

SMALL = AmbientSoundConfig(backbone="alexnet-small", clusters=3, bits=4)


def built(config=SMALL, samples=None) -> AmbientSound:
    torch.manual_seed(0)
    method = AmbientSound(config)
    if samples is not None:
        method.begin(samples, seed=0)
    return method


def test_clusters_are_the_kinds_of_sound_and_their_frequencies_are_counted():
    samples = frames(40)
    method = built(samples=samples)
    target = method.targets(torch.from_numpy(samples.moments.texture)).numpy()
    kind = np.arange(40) // 4 % 3
    assert len(set(zip(kind, target, strict=True))) == 3, "one cluster for each kind"
    np.testing.assert_allclose(method.frequency, np.bincount(target, minlength=3) / 40)


def test_bits_are_the_signs_of_what_is_normalised_along_each_direction():
    samples = frames(40)
    method = built(replace(SMALL, target="binary"), samples)
    texture = samples.moments.texture.astype(np.float64)
    x = (texture - texture.mean(0)) / method.scale.double().numpy()
    want = x @ method.code.double().numpy().T > 0
    got = method.targets(torch.from_numpy(samples.moments.texture)).numpy()
    assert got.shape == (40, 4)
    assert (got == want).mean() > 0.99
    np.testing.assert_allclose(method.frequency, got.mean(0), atol=1e-6)


def test_spectrum_hears_the_means_of_bands_and_nothing_else():
    samples = frames(40)
    method = built(replace(SMALL, target="spectrum"), samples)
    assert method.code.shape == (3, 32)
    texture = torch.from_numpy(samples.moments.texture)
    other = texture.clone()
    other[:, PARTS["mean"].stop :] += torch.randn(40, 470)
    assert method.targets(other).equal(method.targets(texture))


@pytest.mark.parametrize("target", ["cluster", "binary"])
def test_loss_is_the_cross_entropy_of_the_targets_and_accuracy_counts_them(target):
    samples = frames(40)
    method = built(replace(SMALL, target=target), samples).eval()
    batch = samples.batch(np.arange(10))
    losses = method.step(batch, Draws.at(0))
    scores, wanted = method.told(batch), method.targets(batch["texture"])
    if target == "binary":
        p = scores.sigmoid().double()
        want = -(p.log() * wanted + (1 - p).log() * ~wanted).mean()
        right = ((p > 0.5) == wanted).double().mean()
    else:
        p = scores.softmax(1).double()
        want = -p[torch.arange(10), wanted].log().mean()
        right = (p.argmax(1) == wanted).double().mean()
    assert losses.players["sound"].item() == pytest.approx(want.item(), rel=1e-4)
    assert losses.log["accuracy"].item() == pytest.approx(100 * right.item(), rel=1e-5)


def test_control_gives_frames_the_sounds_of_the_batch_in_another_order_in_training_alone():
    samples = frames(40)
    config = replace(SMALL, shuffled=True, dropout=0.0, mirror=0.0, square=1.0)
    method = built(config, samples)
    batch = samples.batch(np.arange(40))
    method.answer.weight.data.zero_()
    method.answer.bias.data.copy_(torch.tensor([0.0, 1.0, 2.0]))  # scores that do not depend on the frame
    target = method.targets(batch["texture"])
    same = F.cross_entropy(method.answer.bias.expand(40, 3), target)
    torch.testing.assert_close(method.train().step(batch, Draws.at(0)).players["sound"], same)
    method.answer.weight.data.normal_()
    plain = built(replace(config, shuffled=False), samples)
    plain.load_state_dict(method.state_dict())
    shuffled, straight = (each.train().step(batch, Draws.at(0)).players["sound"] for each in (method, plain))
    assert not torch.isclose(shuffled, straight)
    torch.testing.assert_close(
        method.eval().step(batch, Draws.at(0)).players, plain.eval().step(batch, Draws.at(0)).players
    )


def test_clusters_are_at_most_an_eighth_of_the_clips_and_at_least_two():
    config = AmbientSoundConfig()
    assert AmbientSound.configured(config, frames(4 * 47)).clusters == 5
    assert AmbientSound.configured(config, frames(4 * 3)).clusters == 2
    assert AmbientSound.configured(config, frames(4 * 240)).clusters == 30


def test_codes_are_kept_with_the_weights_and_given_to_the_network_with_random_ones():
    samples = frames(40)
    method = built(samples=samples)
    fresh = AmbientSound(SMALL)
    fresh.load_state_dict(method.state_dict())
    texture = torch.from_numpy(samples.moments.texture)
    assert fresh.targets(texture).equal(method.targets(texture))
    random = untrained(method, seed=1)
    assert random.targets(texture).equal(method.targets(texture))
    assert not random.answer.weight.equal(method.answer.weight)


def test_pretext_leaves_out_frames_around_which_nothing_is_heard():
    samples = frames(40)
    method = built(samples=samples).eval()
    samples.moments.texture[:8] = np.nan
    result = Pretext().measure(method, Split(samples, samples, samples))
    assert np.isfinite(result.rows["model"]["loss"].mean)
    assert result.notes == ("8 of 40 samples have no sound and are left out",)


def test_it_learns_which_colour_goes_with_which_sound():
    samples = frames(48)
    config = replace(SMALL, optimizer="adamw", learning_rate=1e-3, dropout=0.0)
    method = built(config, samples).train()
    optimizer = method.optimizations(30)["sound"].optimizer
    for step in range(30):
        optimizer.zero_grad()
        method.step(samples.batch(np.arange(48)), Draws.at(0, step)).players["sound"].backward()
        optimizer.step()
    assert method.eval().step(samples.batch(np.arange(48)), Draws.at(0)).log["accuracy"] > 95


def test_what_cannot_be_is_said_before_training():
    with pytest.raises(UsageError, match="1 clusters"):
        AmbientSound(replace(SMALL, clusters=1))
    with pytest.raises(DataError, match="have none"):
        built().begin(replace(frames(8), moments=None), seed=0)
    with pytest.raises(DataError, match="pass --bits"):
        built(replace(SMALL, bits=30, target="binary"), frames(20))
