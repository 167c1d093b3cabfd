from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lessup.errors import UsageError
from lessup.methods.bigan import BiGAN, BiGANConfig, images
from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws

VARIANTS = ("bigan", "discriminator", "latent-regressor", "joint-latent-regressor")


def build(variant="bigan", **settings) -> BiGAN:
    torch.manual_seed(0)
    return BiGAN(BiGANConfig(variant=variant, **settings))


@pytest.fixture(scope="module")
def batch():
    torch.manual_seed(1)
    return BiGAN.example(6)


def of(module):
    return [weight.detach().double().numpy() for weight in module.parameters()]


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalised(x):
    return (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).mean(0) + 1e-8)


def trunk(x, first, second):
    return leaky(normalised(leaky(x @ first.T) @ second.T))


def entropy(probability, target):
    return -(target * np.log(probability) + (1 - target) * np.log(1 - probability)).mean()


def by_hand(method, batch, draws):
    """Everything that one step computes, from the equations of the paper, in float64."""
    x = batch["image"].flatten(1).double().numpy()
    draws.uniform(len(x), 2)  # the crops: whole images
    z = 2 * draws.uniform(len(x), 50).double().numpy() - 1
    fc1, fc2, again, fc3 = of(method.generator)
    made = sigmoid(np.maximum(normalised(np.maximum(normalised(z @ fc1.T), 0) @ fc2.T + z @ again.T), 0) @ fc3.T)
    (head,) = of(method.head)
    found = SimpleNamespace(x=x, z=z, made=made)
    found.guess = lambda image: sigmoid(trunk(image, *of(method.backbone)) @ head.T)
    if method.config.variant == "bigan":
        fc1, fc2, entry, fc3 = of(method.discriminator)
        judge = lambda image, code: normalised(leaky(image @ fc1.T) @ fc2.T + code @ entry.T)  # noqa: E731
        found.real = sigmoid(leaky(judge(x, 2 * found.guess(x) - 1)) @ fc3.T)
        found.generated = sigmoid(leaky(judge(made, z)) @ fc3.T)
    elif method.config.variant == "discriminator":
        found.real, found.generated = found.guess(x), found.guess(made)
    else:
        *hidden, last = of(method.discriminator)
        found.real, found.generated = (sigmoid(trunk(image, *hidden) @ last.T) for image in (x, made))
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_losses_equal_the_equations_in_float64(variant, batch):
    method = build(variant)
    wanted = by_hand(method, batch, Draws.at(3))
    losses = method.step(batch, Draws.at(3))
    judge = (entropy(wanted.real, 1) + entropy(wanted.generated, 0)) / 2
    maker = entropy(wanted.generated, 1)
    if variant == "bigan":
        maker = (entropy(wanted.real, 0) + maker) / 2
    if "regressor" in variant:
        error = entropy(wanted.guess(wanted.made), (wanted.z + 1) / 2)
        assert losses.log["latent_error"].item() == pytest.approx(error, rel=1e-5)
        maker += error if variant == "latent-regressor" else 0.25 * error
    assert losses.players["discriminator"].item() == pytest.approx(judge, rel=1e-5)
    assert losses.players["generator"].item() == pytest.approx(maker, rel=1e-5)
    assert losses.log["real_score"].item() == pytest.approx(wanted.real.mean(), rel=1e-5)
    assert losses.log["generated_score"].item() == pytest.approx(wanted.generated.mean(), rel=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_weight_belongs_to_one_player(variant):
    method = build(variant)
    names = {id(weight): name.split(".")[0] for name, weight in method.named_parameters()}
    players = {
        player: [id(weight) for group in part.optimizer.param_groups for weight in group["params"]]
        for player, part in method.optimizations(10).items()
    }
    assert sorted([*players["discriminator"], *players["generator"]]) == sorted(names)
    owned = {player: {names[weight] for weight in weights} for player, weights in players.items()}
    encoder = {"backbone", "head"}
    if variant == "discriminator":
        assert owned == {"discriminator": encoder, "generator": {"generator"}}
    else:
        assert owned == {"discriminator": {"discriminator"}, "generator": {"generator", *encoder}}


def gradients(method, batch, player, part):
    loss = method.step(batch, Draws.at(3)).players[player]
    found = torch.autograd.grad(loss, [*getattr(method, part).parameters()], allow_unused=True)
    return [value for value in found if value is not None]


def test_encoder_of_bigan_learns_from_the_discriminator_through_its_codes(batch):
    assert len(gradients(build(), batch, "generator", "backbone")) == 2
    assert len(gradients(build(), batch, "generator", "head")) == 1


def test_regressor_reaches_the_generator_in_the_joint_variant_alone(batch):
    alone = gradients(build("latent-regressor"), batch, "generator", "generator")
    helped = gradients(build("joint-latent-regressor"), batch, "generator", "generator")
    unhelped = gradients(build("joint-latent-regressor", latent_weight=0.0), batch, "generator", "generator")
    for mine, without, joint in zip(alone, unhelped, helped, strict=True):
        torch.testing.assert_close(mine, without)
        assert not torch.allclose(mine, joint, rtol=1e-3)


def test_encoder_of_a_regressor_learns_from_generated_images_alone(batch):
    other = {**batch, "image": 1 - batch["image"]}
    mine, others = (gradients(build("latent-regressor"), b, "generator", "backbone") for b in (batch, other))
    assert all(first.equal(second) for first, second in zip(mine, others, strict=True))
    assert not gradients(build("latent-regressor"), batch, "discriminator", "backbone")


def test_discriminator_and_generator_pull_a_generated_image_in_opposite_directions(batch):
    against = gradients(build("discriminator"), batch, "discriminator", "generator")
    fooling = gradients(build("discriminator"), batch, "generator", "generator")
    product = sum((first * second).sum().item() for first, second in zip(against, fooling, strict=True))
    assert product < 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_evaluation_normalises_by_running_averages_of_real_batches_alone(variant, batch):
    method = build(variant)
    x = batch["image"].flatten(1)
    first, second = (weight.detach() for weight in method.backbone.parameters())
    hidden = torch.nn.functional.leaky_relu(x @ first.T, 0.2) @ second.T
    method.step(batch, Draws.at(3))
    norm = next(module for module in method.backbone.modules() if isinstance(module, torch.nn.BatchNorm1d))
    torch.testing.assert_close(norm.running_mean, 0.01 * hidden.mean(0))
    torch.testing.assert_close(norm.running_var, 0.99 + 0.01 * hidden.var(0))
    features = method.eval().encode(batch)
    wanted = torch.nn.functional.leaky_relu((hidden - norm.running_mean) / norm.running_var.sqrt(), 0.2)
    torch.testing.assert_close(features, wanted, rtol=1e-4, atol=1e-5)


def test_statistics_stand_still_in_evaluation(batch):
    method = build("latent-regressor").eval()
    before = {name: value.clone() for name, value in method.named_buffers()}
    method.step(batch, Draws.at(0))
    assert all(value.equal(before[name]) for name, value in method.named_buffers())


def test_codes_lie_where_those_of_the_generator_do_and_reconstruct_images(batch):
    method = build().eval()
    code = method.encode(batch, "code")
    assert code.shape == (6, 50)
    assert -1 <= code.min() < 0 < code.max() <= 1
    torch.testing.assert_close(method.reconstruct(batch), method.generator(code))
    assert method.reconstruct(batch).shape == method.draw(6, Draws.at(0)).shape == (6, 1, 28, 28)


def test_discriminator_has_features_but_no_codes(batch):
    method = build("discriminator").eval()
    assert method.layers == ("fc2", "fc1")
    with pytest.raises(UsageError, match="no layer 'code'"):
        method.encode(batch, "code")
    with pytest.raises(UsageError, match="has no encoder"):
        method.reconstruct(batch)


def test_first_update_is_that_of_adam_with_l2_in_the_gradient():
    method = build()
    weight = method.generator.fc3.weight
    before, gradient = weight.detach().double().clone(), torch.randn_like(weight)
    weight.grad = gradient
    part = method.optimizations(10)["generator"]
    part.optimizer.step()
    total = gradient.double() + 2.5e-5 * before
    wanted = before - 2e-4 * total / (total.abs() + 1e-8)  # both moments are corrected to the gradient itself
    torch.testing.assert_close(weight.detach().double(), wanted, rtol=1e-5, atol=1e-7)


def test_rate_is_constant_for_half_of_the_run_and_then_falls_exponentially_to_a_hundredth():
    part = build().optimizations(8)["discriminator"]
    rates = []
    for _ in range(9):
        rates.append(part.optimizer.param_groups[0]["lr"] / 2e-4)
        part.optimizer.step()
        part.schedule.step()
    assert rates == pytest.approx([1, 1, 1, 1, 1, 0.01**0.25, 0.01**0.5, 0.01**0.75, 0.01])


def test_gains_of_batch_normalisation_do_not_decay_and_all_else_does():
    method = BiGAN(images().config)
    named = {id(weight): name for name, weight in method.named_parameters()}
    for part in method.optimizations(10).values():
        for group in part.optimizer.param_groups:
            gains = {"norm.weight" in named[id(weight)] for weight in group["params"]}
            assert gains == {group["weight_decay"] == 0.0}


def test_encoder_may_look_closer_than_the_discriminator_at_the_same_crop():
    torch.manual_seed(0)
    method = BiGAN(BiGANConfig(players="dcgan", backbone="alexnet-bigan", layer="conv5", code=5, channels=3))
    flat = torch.ones(2, 3, 150, 130) * torch.tensor([0.2, 0.8]).view(2, 1, 1, 1)
    box = torch.tensor([[0.0, 0.0, 130.0, 130.0]]).expand(2, 4)
    seen = method._seen(flat, box, torch.zeros(2, 3, 64, 64))
    assert seen.shape == (2, 3, 112, 112)
    torch.testing.assert_close(seen, ((flat - 0.5) / 0.5)[:, :, :112, :112])


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_what_reads_generated_images_must_read_them_at_their_size(variant):
    with pytest.raises(UsageError, match=r"64 pixels a side; alexnet-bigan reads 112"):
        build(variant, players="dcgan", backbone="alexnet-bigan", layer="conv5", channels=3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_players_for_photographs_play_every_variant(variant):
    method = build(variant, players="dcgan", backbone="alexnet-small", layer="fc6", code=9, crop=0.9, channels=3)
    photographs = {"image": torch.rand(3, 3, 70, 90), "extent": torch.tensor([[70, 90], [64, 64], [50, 80]])}
    losses = method.step(photographs, Draws.at(0))
    assert all(loss.isfinite() for loss in losses.players.values())
    assert method.layers[0] == "fc6"
    assert method.encode(photographs).shape == (3, 512)


def test_channels_come_from_the_data():
    pixels = Ragged.of([np.zeros((28, 28, 2), np.uint8)])
    zero = np.zeros(1, np.int64)
    samples = Images(
        pixels=pixels,
        id=np.array(["a"]),
        label=zero,
        classes=("a",),
        group=zero,
        official=np.array([""]),
        fingerprint="",
    )
    method = BiGAN(BiGAN.configured(BiGANConfig(), samples))
    assert method.draw(2, Draws.at(0)).shape == (2, 2, 28, 28)
