import math

import pytest
import torch
from torch import nn
from torchvision.models import VisionTransformer

from lessup import backbones
from lessup.backbones import flat, weights
from lessup.backbones.vit import LargestToken, Patches
from lessup.errors import ShapeError


@torch.no_grad()
def test_stages_with_torchvisions_weights_give_its_class_token(tmp_path):
    torch.manual_seed(0)
    theirs = VisionTransformer(224, 16, 12, 6, 384, 1536).eval()
    torch.save(theirs.state_dict(), tmp_path / "vit.pth")
    ours = backbones.build("vit-s", channels=3).eval()
    match = weights.load(ours, tmp_path / "vit.pth")
    assert match.missing == match.reshaped == ()
    assert match.unexpected == ("heads.head.bias", "heads.head.weight")
    theirs.heads = torch.nn.Identity()
    x = torch.rand(2, 3, 224, 224)
    found = ours.features(x, ("block12", "norm", "pool", "cls"))
    torch.testing.assert_close(found["cls"], theirs(x))
    assert found["pool"].equal(found["norm"][:, 1:].mean(1))
    assert flat(found["block12"]).equal(found["block12"].mean(1))


def test_parameters_are_the_22_050_664_published_without_the_classifier():
    assert sum(p.numel() for p in backbones.build("vit-s", channels=3).parameters()) == 22_050_664 - 385_000


def patches(learnt=3, width=2):
    """Patches of 4 x 4 pixels, whose places were learnt on a square of them."""
    torch.manual_seed(0)
    place = nn.Parameter(torch.randn(1, 1 + learnt**2, width))
    return Patches(nn.Conv2d(1, width, 4, stride=4), nn.Parameter(torch.randn(1, 1, width)), place)


def cubic(distance):
    """Keys' kernel with a slope of -0.75."""
    x = abs(distance)
    if x <= 1:
        return 1.25 * x**3 - 2.25 * x**2 + 1
    return -0.75 * x**3 + 3.75 * x**2 - 6 * x + 3 if x < 2 else 0.0


def resampled(values, size):
    """Interpolate (L,) numbers at the centres of ``size`` equal parts, the ends repeated; in plain loops."""
    found = []
    for number in range(size):
        at = (number + 0.5) * len(values) / size - 0.5
        near = range(math.floor(at) - 1, math.floor(at) + 3)
        found.append(sum(cubic(at - place) * values[min(max(place, 0), len(values) - 1)] for place in near))
    return found


@pytest.mark.parametrize(("height", "width"), [(2, 5), (6, 3), (1, 1)])
@torch.no_grad()
def test_places_are_interpolated_bicubically_to_the_patches_of_the_image(height, width):
    net = patches()
    places = net.places(height, width).double()
    assert places[:, 0].equal(net.place[:, 0].double())
    for number in range(2):
        learnt = net.place[0, 1:, number].double().view(3, 3).tolist()
        across = [resampled(row, width) for row in learnt]
        down = [resampled(column, height) for column in zip(*across, strict=True)]  # (W, H)
        wanted = torch.tensor(down, dtype=torch.float64).T
        torch.testing.assert_close(places[0, 1:, number].view(height, width), wanted, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_every_patch_of_an_oblong_image_has_its_token_in_its_row_and_column():
    net = patches()
    image = torch.rand(2, 1, 8, 20)
    tokens = net(image) - net.places(2, 5)
    assert tokens.shape == (2, 1 + 10, 2)
    for row in range(2):
        for column in range(5):
            patch = image[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            wanted = (net.project.weight * patch[:, None]).sum((2, 3, 4)) + net.project.bias
            torch.testing.assert_close(tokens[:, 1 + 5 * row + column], wanted)


def test_an_image_that_would_lose_pixels_is_refused():
    with pytest.raises(ShapeError, match="image of 8 x 10: wanted multiples of a patch of 4 x 4"):
        patches()(torch.rand(1, 1, 8, 10))


@torch.no_grad()
def test_transformer_reads_oblong_images():
    torch.manual_seed(0)
    net = backbones.build("vit-s", channels=3).eval()
    found = net.features(torch.rand(1, 3, 32, 80), ("norm", "cls"))
    assert found["norm"].shape == (1, 1 + 2 * 5, 384)
    assert found["cls"].isfinite().all()


def test_largest_token_is_that_of_the_patches_for_each_number():
    tokens = torch.tensor([[[9.0, 9.0], [1.0, 4.0], [3.0, 2.0]]])
    assert LargestToken()(tokens).tolist() == [[3, 4]]
