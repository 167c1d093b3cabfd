from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from lessup.errors import DataError, UsageError
from lessup.methods.drlim import DrLIM, DrLIMConfig, cpu, paper
from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws


def photographs(label, *, channels=1) -> Images:
    """Random images of 64 x 48 pixels."""
    rng, count = np.random.default_rng(0), len(label)
    return Images(
        pixels=Ragged.of([rng.integers(0, 256, (64, 48, channels), dtype=np.uint8) for _ in range(count)]),
        id=np.array([str(number) for number in range(count)]),
        label=np.asarray(label, np.int64),
        classes=tuple(f"s{number}" for number in range(max([*label, 0]) + 1)),
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="generated",
    )


def built(**changed) -> DrLIM:
    torch.manual_seed(0)
    return DrLIM(DrLIMConfig(**changed)).eval()


@pytest.mark.parametrize(
    ("loss", "norm", "power"), [("exponential", "l1", 1), ("exponential", "l2", 2), ("margin", "l2", 2)]
)
@torch.no_grad()
def test_loss_is_that_of_loops_over_the_pairs_of_a_batch(loss, norm, power):
    label = [0, 0, 1, 1]  # 2 genuine pairs and 4 impostors, of which 2 are drawn
    method, batch = built(loss=loss, norm=norm, margin=2.0), photographs(label).batch(np.arange(4))
    code = method.encode(batch).double().numpy()
    costs = {}
    for i, j in combinations(range(4), 2):
        energy = (np.abs(code[i] - code[j]) ** power).sum() ** (1 / power)
        if loss == "margin":
            costs[i, j] = 0.5 * energy**2 if label[i] == label[j] else 0.5 * max(0, 2 - energy) ** 2
        else:
            q = 2 * 1.7159 * (50 if power == 1 else 50**0.5)
            costs[i, j] = 2 / q * energy**2 if label[i] == label[j] else 2 * q * np.exp(-2.77 / q * energy)
    genuine = costs.pop((0, 1)) + costs.pop((2, 3))
    wanted = [(genuine + first + second) / 4 for first, second in combinations(costs.values(), 2)]
    found = {method.step(batch, Draws.at(seed)).players["pairs"].item() for seed in range(20)}
    for each in found:
        assert min(abs(each - one) for one in wanted) < 1e-4 * each
    assert len(found) > 1


def test_energies_never_pass_their_bound():
    for norm in ("l1", "l2"):
        method = built(norm=norm)
        far = torch.full((1, 50), 1.7159)
        assert method.energy(far, -far).item() == pytest.approx(method.bound, rel=1e-5)


@pytest.mark.parametrize(("loss", "norm"), [("exponential", "l1"), ("exponential", "l2"), ("margin", "l2")])
@pytest.mark.parametrize("label", [[0, 0], [0, 1]])
def test_two_equal_images_have_finite_gradients(loss, norm, label):
    method = built(loss=loss, norm=norm)
    batch = photographs(label).batch(np.arange(2))
    batch["image"][1] = batch["image"][0]
    losses = method.step(batch, Draws.at(0))
    losses.players["pairs"].backward()
    assert max(losses.log.values()) < 1e-4
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in method.parameters())
    code = torch.ones(1, 50, requires_grad=True)
    (gradient,) = torch.autograd.grad(method.energy(code, code.detach()).sum(), code)
    assert not gradient.any()


def test_what_is_logged_are_the_mean_energies_of_both_kinds():
    method, batch = built(), photographs([0, 0, 1, 1]).batch(np.arange(4))
    code = method.encode(batch)
    log = method.step(batch, Draws.at(0)).log
    genuine = [(code[i] - code[j]).abs().sum().item() for i, j in ((0, 1), (2, 3))]
    assert log["genuine"].item() == pytest.approx(np.mean(genuine), rel=1e-4)


def test_brightness_and_contrast_of_an_image_do_not_change_its_embedding():
    method, batch = built(), photographs([0, 1]).batch(np.arange(2))
    other = batch | {"image": 0.3 + 0.4 * batch["image"]}
    torch.testing.assert_close(method.encode(other), method.encode(batch), rtol=1e-3, atol=1e-3)


def test_training_sees_changed_images_and_evaluation_whole_ones():
    method, batch = built(changes=1.0), photographs([0, 0, 1, 1]).batch(np.arange(4))
    seen = method.augmented(batch, Draws.at(0))
    assert seen.shape == (4, 1, 56, 46)
    assert not seen.equal(method.augmented(batch, Draws.at(1)))
    torch.testing.assert_close(built().augmented(batch, Draws.at(0)), method.prepared(batch), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("norm", "power"), [("l1", 1), ("l2", 2)])
@torch.no_grad()
def test_normalised_embeddings_lie_on_a_sphere_and_bound_the_energy(norm, power):
    method = built(loss="exponential", norm=norm, normalise=True)
    code = method.encode(photographs([0, 0, 1, 1]).batch(np.arange(4)))
    torch.testing.assert_close(code.norm(dim=1), torch.ones(4))
    even = torch.full((1, 50), 50**-0.5)  # of length 1, and farthest from its opposite in both norms
    assert method.energy(even, -even).item() == pytest.approx(method.bound, rel=1e-5)


def test_any_backbone_serves():
    method = built(backbone="alexnet-small", channels=3)
    batch = photographs([0, 0, 1, 1], channels=3).batch(np.arange(4))
    assert method.encode(batch).shape == (4, 50)
    assert method.layers[:2] == ("embedding", "fc6")
    assert method.step(batch, Draws.at(0)).players["pairs"].isfinite()


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ([-1, -1], "0 of 2 images have a label"),
        ([0, 0, 0], "3 of 3 images have a label, of 1 classes"),
        ([0, 1, 2], "of 3 classes, of which 0 have two images"),
    ],
)
def test_data_without_both_kinds_of_pairs_is_refused_with_what_to_do(label, said):
    samples = photographs(label)
    with pytest.raises(DataError, match=rf"{said}.*sort the images into a folder for each class or person"):
        DrLIM.configured(DrLIMConfig(), samples)
    with pytest.raises(DataError, match=said):
        built().begin(samples, 0)
    built().check(samples)  # what is trained needs no pairs


def test_images_of_another_number_of_channels_are_refused():
    with pytest.raises(DataError, match="trained on images of 1 channels; these have 3"):
        built().check(photographs([0, 1], channels=3))
    assert DrLIM.configured(DrLIMConfig(), photographs([0, 0, 1], channels=3)).channels == 3


@pytest.mark.parametrize("changed", [{"embedding": 0}, {"margin": 0.0}, {"changes": 1.5}, {"changes": -0.1}])
def test_settings_out_of_range_are_refused(changed):
    with pytest.raises(UsageError, match="wanted 1 or more"):
        DrLIM(replace(DrLIMConfig(), **changed))


def test_recipes_hold_out_whole_people():
    assert paper().folds.whole_classes
    assert (cpu().folds.folds, cpu().folds.whole_classes) == (7, True)
