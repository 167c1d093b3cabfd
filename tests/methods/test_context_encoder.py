import numpy as np
import pytest
import torch

from lessup import methods
from lessup.errors import UsageError
from lessup.methods.context_encoder import FILL, ContextEncoder, ContextEncoderConfig
from lessup.transforms.draws import Draws
from lessup.transforms.holes import central_hole, random_regions

SMALL = {"image_side": 32, "load": 32, "width": 4, "bottleneck": 24, "overlap": 2}
FEATURES = {
    "network": "features",
    "backbone": "alexnet-small",
    "load": 64,
    "hole": "region",
    "overlap_weight": 0.0,
    "adversarial": 0.0,
}


def build(**settings) -> ContextEncoder:
    torch.manual_seed(0)
    return ContextEncoder(ContextEncoderConfig(**settings))


def batch(side, count=3):
    image = torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))
    return {"image": image, "extent": torch.full((count, 2), side)}


def as_seen(images, draws):
    """Whole images, mirrored where the draws say so: the only change where a square is as large as its image."""
    draws.uniform(len(images), 2)
    mirror = draws.uniform(len(images), 1) < 0.5
    return torch.where(mirror[:, :, None, None], images.flip(3), images)


@pytest.mark.parametrize("adversarial", [0.0, 0.001, 0.25])
def test_losses_of_the_central_hole_equal_the_released_sums_by_hand(adversarial):
    method = build(**SMALL, adversarial=adversarial)
    images = as_seen(batch(32)["image"], Draws.at(5))
    losses = method.step(batch(32), Draws.at(5))
    shown = images.clone()
    for channel, colour in enumerate(FILL):
        shown[:, channel, 10:22, 10:22] = colour  # a hole of 16 pixels but for its rim of 2
    painted = method.decoder(method.backbone(2 * shown - 1))
    real = 2 * images[:, :, 8:24, 8:24] - 1
    total = 0.0
    for row in range(16):
        for column in range(16):
            rim = not (2 <= row < 14 and 2 <= column < 14)
            error = (painted - real)[:, :, row, column].double().square().sum().item()
            total += (10 if rim else 1) * error
    reconstruction = total / (3 * 3 * 16 * 16)
    inner = (painted - real)[:, :, 2:14, 2:14].double() / 2
    assert losses.log["l2"].item() == pytest.approx(inner.square().mean().item(), rel=1e-4)
    if not adversarial:
        assert set(losses.players) == {"painter"}
        assert losses.players["painter"].item() == pytest.approx(reconstruction, rel=1e-4)
        return
    fake, true = (method.critic(pixels).double().sigmoid() for pixels in (painted, real))
    fooled = -fake.log().mean().item()
    wanted = (1 - adversarial) * reconstruction + adversarial * fooled
    assert losses.players["painter"].item() == pytest.approx(wanted, rel=1e-4)
    told = (-true.log().mean() - (1 - fake).log().mean()).item() / 2
    assert losses.players["critic"].item() == pytest.approx(told, rel=1e-4)
    assert losses.log["real_score"].item() == pytest.approx(true.mean().item(), rel=1e-4)
    assert losses.log["painted_score"].item() == pytest.approx(fake.mean().item(), rel=1e-4)


@pytest.mark.parametrize(("weight", "outside"), [(1.0, 1.0), (10.0, 10.0), (0.0, 0.0)])
def test_around_a_region_shown_pixels_count_as_much_as_they_are_told_to(weight, outside):
    method = build(**SMALL, hole="region", overlap_weight=weight, adversarial=0.0)
    draws = Draws.at(5)
    images = as_seen(batch(32)["image"], draws)
    hole = random_regions(3, 32, draws)
    shown = torch.where(hole[:, None], torch.tensor(FILL).view(3, 1, 1), images)
    painted = method.decoder(method.backbone(2 * shown - 1))
    error = (painted - (2 * images - 1)).double().square()
    weights = hole[:, None] + outside * ~hole[:, None]
    loss = method.step(batch(32), Draws.at(5)).players["painter"].item()
    assert painted.shape == images.shape
    assert loss == pytest.approx((error * weights).mean().item(), rel=1e-4)


def test_features_network_learns_from_missing_pixels_alone_and_shows_the_mean_in_holes():
    method = build(**FEATURES)
    draws = Draws.at(5)
    images = as_seen(batch(64)["image"], draws)
    hole = random_regions(3, 64, draws)
    normalised = torch.where(hole[:, None], 0.0, method.backbone.normalised(images))
    painted = method.decoder(method.backbone(normalised))
    error = (painted - (2 * images - 1)).double().square() * hole[:, None]
    loss = method.step(batch(64), Draws.at(5)).players["painter"].item()
    assert loss == pytest.approx(error.mean().item(), rel=1e-4)


def test_each_player_moves_by_its_own_loss_and_the_painter_by_the_critics_opinion_too():
    method = build(**SMALL, adversarial=0.5)
    players = method.step(batch(32), Draws.at(0)).players
    painter = [*method.backbone.parameters(), *method.decoder.parameters()]
    owned = {
        name: [weight for group in part.optimizer.param_groups for weight in group["params"]]
        for name, part in method.optimizations(1).items()
    }
    assert {id(weight) for weight in owned["painter"]} == {id(weight) for weight in painter}
    assert {id(weight) for weight in owned["critic"]} == {id(weight) for weight in method.critic.parameters()}
    untouched = torch.autograd.grad(players["critic"], painter, retain_graph=True, allow_unused=True)
    assert all(gradient is None for gradient in untouched)
    both = torch.autograd.grad(players["painter"], painter, retain_graph=True)
    same = build(**SMALL, adversarial=0.5)
    for weight in same.critic.parameters():
        weight.data.zero_()  # a critic without an opinion
    own = [*same.backbone.parameters(), *same.decoder.parameters()]
    without = torch.autograd.grad(same.step(batch(32), Draws.at(0)).players["painter"], own)
    assert any(not torch.allclose(one, other) for one, other in zip(both, without, strict=True))


def test_a_step_of_the_painter_makes_the_critic_believe_more():
    torch.manual_seed(0)
    method = ContextEncoder(ContextEncoderConfig(**SMALL, adversarial=0.99, learning_rate=1e-3))
    before = method.step(batch(32), Draws.at(0))
    optimizer = method.optimizations(10)["painter"].optimizer
    before.players["painter"].backward()
    optimizer.step()
    after = method.step(batch(32), Draws.at(0))
    assert after.log["painted_score"] > before.log["painted_score"]


def test_rates_are_the_published_ones_and_fall_only_where_asked():
    method = build(**SMALL)
    rates = {name: part.optimizer.param_groups[0] for name, part in method.optimizations(100).items()}
    assert rates["painter"]["lr"] == pytest.approx(10 * rates["critic"]["lr"]) == pytest.approx(0.002)
    assert rates["painter"]["betas"] == (0.5, 0.999)
    assert method._rate(0.99) == 1.0
    falling = build(**SMALL, decay=0.5)
    assert [falling._rate(share) for share in (0.0, 0.5, 0.75, 1.0)] == [1.0, 1.0, 0.5, 0.0]


def test_default_networks_have_the_released_number_of_weights():
    method = build()
    encoder = 3 * 64 + 64 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 4000
    decoder = 4000 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3
    critic = 3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512
    norms = 2 * (64 + 128 + 256 + 512 + 4000), 2 * (512 + 256 + 128 + 64), 2 * (128 + 256 + 512)
    for part, kernels, norm in zip(
        (method.backbone, method.decoder, method.critic), (encoder, decoder, critic), norms, strict=True
    ):
        assert sum(weight.numel() for weight in part.parameters()) == 16 * kernels + norm
    assert method.backbone.layers == ("conv1", "conv2", "conv3", "conv4", "conv5", "bottleneck")


def test_paper_features_has_the_published_channel_wise_layer():
    method = ContextEncoder(methods.recipes("context-encoder")["paper_features"]().config)
    assert method.backbone.side == 227
    assert method.decoder.across_places.weight.numel() == 256 * 6**4
    assert method.critic is None
    assert method.backbone.layers[-1] == "pool5"


def test_features_network_keeps_no_layer_that_takes_no_part():
    method = build(**FEATURES)
    assert "fc6" not in method.layers
    names, weights = zip(*method.named_parameters(), strict=True)
    loss = method.step(batch(64), Draws.at(0)).players["painter"]
    for name, gradient in zip(names, torch.autograd.grad(loss, weights), strict=True):
        assert gradient.any(), name


@pytest.mark.parametrize(
    "settings", [SMALL, {**SMALL, "hole": "block"}, FEATURES], ids=["central", "block", "features"]
)
def test_inpainting_changes_the_hole_alone_and_never_looks_into_it(settings):
    method = build(**settings).eval()
    side = method.backbone.side
    image = batch(side)["image"]
    hole = method.holes(3, Draws.at(0))
    spoiled = torch.where(hole[:, None], torch.rand_like(image), image)
    with torch.no_grad():
        filled, again = method.inpaint(image, hole), method.inpaint(spoiled, hole)
    outside = ~hole[:, None].expand_as(image)
    assert filled[outside].equal(image[outside])
    assert filled.equal(again)
    assert 0 <= filled.min() <= filled.max() <= 1
    assert not filled.equal(image)


def test_inpainting_puts_what_the_decoder_gives_into_the_middle():
    method = build(**SMALL).eval()
    image, hole = batch(32)["image"], central_hole(32, hole=12).expand(3, -1, -1)
    with torch.no_grad():
        painted = method._paint(image, hole)
        filled = method.inpaint(image, hole)
    torch.testing.assert_close(filled[:, :, 10:22, 10:22], (painted[:, :, 2:14, 2:14] + 1) / 2)


def test_squares_are_the_middle_of_the_image_at_the_scale_of_training():
    method = build(**{**SMALL, "load": 40})
    ramp = torch.arange(80.0).expand(1, 3, 40, 80) / 80
    square = method.squares({"image": ramp, "extent": torch.tensor([[40, 80]])})
    assert square.shape == (1, 3, 32, 32)
    wanted = (24 + np.arange(32)) / 80
    np.testing.assert_allclose(square[0, 0, 5].numpy(), wanted, atol=1e-5)


def test_grey_images_are_filled_with_the_mean_of_the_fill():
    method = build(**SMALL, channels=1)
    filled = method._fill(torch.zeros(1, 1, 32, 32), central_hole(32, hole=4)[None])
    assert filled.max().item() == pytest.approx(sum(FILL) / 3)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"image_side": 96}, "power of two"),
        ({"image_side": 32, "overlap": 8, "load": 32}, "leaves nothing"),
        ({"adversarial": 1.0}, "--adversarial from 0 to below 1"),
        ({**FEATURES, "adversarial": 0.001}, "pass --adversarial 0"),
        ({"image_side": 64, "load": 48}, "load more"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_with_advice(settings, advice):
    with pytest.raises(UsageError, match=advice):
        build(**settings)
