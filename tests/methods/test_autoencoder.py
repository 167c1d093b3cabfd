import numpy as np
import pytest
import torch

from lessup import methods
from lessup.errors import DataError, UsageError
from lessup.methods.autoencoder import Autoencoder, AutoencoderConfig
from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws


def build(**settings) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(AutoencoderConfig(**{"channels": 1, **settings}))


def digits(count=6):
    image = torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    return {"image": image, "extent": torch.full((count, 2), 28)}


def images(channels):
    pixels = np.zeros((4, 28, 28, channels), np.uint8)
    ids = np.array(list("abcd"))
    zero = np.zeros(4, np.int64)
    return Images(
        pixels=Ragged.of(list(pixels)),
        id=ids,
        label=zero,
        classes=("any",),
        group=np.arange(4),
        official=np.full(4, ""),
        fingerprint="zeros",
    )


def of(module):
    return [weight.detach().double().numpy() for weight in module.parameters()]


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalised(x):
    return (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).mean(0) + 1e-8)


def given_back(method, x):
    """What comes back from (B, 784) pixels, from the equations of the networks, in float64."""
    first, second = of(method.backbone)
    (head,) = of(method.head)
    fc1, fc2, again, fc3 = of(method.decoder)
    code = 2 * sigmoid(leaky(normalised(leaky(x @ first.T) @ second.T)) @ head.T) - 1
    hidden = np.maximum(normalised(np.maximum(normalised(code @ fc1.T), 0) @ fc2.T + code @ again.T), 0)
    return sigmoid(hidden @ fc3.T)


@pytest.mark.parametrize("loss", ["l1", "l2"])
def test_loss_equals_the_equations_in_float64(loss):
    method, batch = build(loss=loss), digits()
    x = batch["image"].flatten(1).double().numpy()
    error = given_back(method, x) - x
    wanted = (np.abs(error) if loss == "l1" else error**2).sum(1).mean()
    losses = method.step(batch, Draws.at(0))
    assert losses.players["reconstruction"].item() == pytest.approx(wanted, rel=1e-5)
    assert losses.log["psnr"].item() == pytest.approx(-10 * np.log10((error**2).mean()), rel=1e-4)


def test_hidden_pixels_are_missing_from_the_input_and_count_in_the_loss():
    method, batch = build(corruption=0.5), digits()
    draws = Draws.at(3)
    draws.uniform(6, 2)  # the crops: whole images
    kept = draws.uniform(6, 1, 28, 28) >= 0.5
    x = batch["image"].flatten(1).double().numpy()
    error = given_back(method, (batch["image"] * kept).flatten(1).double().numpy()) - x
    loss = method.step(batch, Draws.at(3)).players["reconstruction"].item()
    assert loss == pytest.approx((error**2).sum(1).mean(), rel=1e-5)


def test_a_pixel_is_hidden_in_all_of_its_channels():
    method = build(corruption=0.5, channels=3)
    seen = []
    method.backbone.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    method.step(Autoencoder.example(2), Draws.at(0))
    hidden = seen[0] == 0
    assert hidden.all(1).equal(hidden.any(1))
    assert 0.4 < hidden.float().mean() < 0.6


def test_encoding_hides_nothing_and_repeats():
    method, batch = build(corruption=0.5).eval(), digits()
    assert method.encode(batch).equal(method.encode(batch))
    x = method.backbone.normalised(batch["image"])
    torch.testing.assert_close(method.encode(batch, "fc2"), method.backbone(x))


def test_layer_before_the_code_comes_first_and_codes_lie_between_minus_one_and_one():
    method = build().eval()
    assert method.layers == ("fc2", "fc1", "code")
    code = method.encode(digits(), "code")
    assert code.shape == (6, 50)
    assert code.abs().max() < 1
    assert method.reconstruct(digits()).shape == (6, 1, 28, 28)
    with pytest.raises(UsageError, match="fc1, fc2"):
        method.encode(digits(), "conv5")


def test_photographs_come_back_at_64_pixels_whatever_the_backbone_sees():
    config = methods.recipes("autoencoder")["cpu"]().config
    torch.manual_seed(0)
    method = Autoencoder(config).eval()
    back = method.reconstruct(Autoencoder.example(2))
    assert back.shape == (2, 3, 64, 64)
    assert 0 <= back.min() <= back.max() <= 1
    assert method.layers[0] == "fc6"
    assert set(method.optimizations(10)) == {"reconstruction"}


def test_photographs_are_cropped_and_compared_with_the_same_crop():
    method = Autoencoder(AutoencoderConfig(network="convolutional", backbone="alexnet-small", layer="fc6", crop=0.5))
    method._decode = lambda code: torch.zeros(len(code), 3, 64, 64)
    batch = {"image": torch.zeros(8, 3, 32, 32), "extent": torch.full((8, 2), 32)}
    batch["image"][:, :, :16] = 1.0  # a crop of half the side shows white in as many rows as it starts above the middle
    corner = Draws.at(2).uniform(8, 2)[:, 0] * 16
    loss = method.step(batch, Draws.at(2)).players["reconstruction"].item()
    assert loss == pytest.approx(3 * 64 * (64 * (16 - corner) / 16).sum().item() / 8, rel=0.03)


def test_rate_is_constant_for_half_of_the_run_and_ends_at_one_percent():
    method = build()
    optimization = method.optimizations(100)["reconstruction"]
    rates = []
    for _ in range(100):
        rates.append(optimization.optimizer.param_groups[0]["lr"])
        optimization.optimizer.step()
        optimization.schedule.step()
    assert rates[:50] == [2e-4] * 50
    assert rates[75] == pytest.approx(2e-5)
    assert optimization.schedule.get_last_lr()[0] == pytest.approx(2e-6)
    constant = build(constant=1.0).optimizations(100)["reconstruction"].schedule
    assert constant.lr_lambdas[0](99) == 1.0


def test_channels_come_from_the_data_and_other_images_are_refused_afterwards():
    config = Autoencoder.configured(AutoencoderConfig(), images(1))
    assert config.channels == 1
    method = Autoencoder(config)
    method.check(images(1))
    with pytest.raises(DataError, match="1 channels; these have 3"):
        method.check(images(3))


@pytest.mark.parametrize("settings", [{"corruption": 1.0}, {"crop": 0.0}])
def test_shares_beyond_their_range_are_refused(settings):
    with pytest.raises(UsageError, match="--corruption"):
        build(**settings)


def test_gains_of_batch_normalisation_do_not_decay_and_all_else_does():
    """A gain whose gradient is 0 stays where it is; a bias and a weight with the same gradient move."""
    torch.manual_seed(0)
    method = Autoencoder(methods.recipes("autoencoder")["cpu"]().config)
    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)
    kinds = {
        f"{name}.{kind}": "gain" if kind == "weight" and isinstance(part, norms) else "other"
        for name, part in method.named_modules()
        for kind, _ in part.named_parameters(recurse=False)
    }
    before = {}
    for name, weight in method.named_parameters():
        torch.nn.init.constant_(weight, 0.5)
        before[name] = weight.detach().clone()
        weight.grad = torch.zeros_like(weight)
    part = method.optimizations(10)["reconstruction"]
    part.optimizer.step()
    moved = {name: not torch.equal(weight, before[name]) for name, weight in method.named_parameters()}
    assert {*kinds.values()} == {"gain", "other"}
    assert moved == {name: kind == "other" for name, kind in kinds.items()}
