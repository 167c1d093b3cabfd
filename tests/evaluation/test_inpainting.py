from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lessup.backbones import Backbone
from lessup.errors import DataError
from lessup.evaluation.inpainting import Inpainting, _as_bytes, biharmonic_surface, mean_colour
from lessup.methods import Inpainter, Losses
from lessup.optimization import Optimization
from lessup.samples.images import Images, Ragged
from lessup.samples.splits import Split
from lessup.transforms.crops import resize_whole

SIDE = 8


class ToyInpainter(Inpainter):
    """Fills holes, whose place depends on the draws, with one learned grey."""

    @dataclass(frozen=True)
    class Config:
        grey: float = 0.5

    paper = "none"
    reads = ("image", "extent")

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or self.Config()
        self.backbone = Backbone({"flat": nn.Flatten()}, side=SIDE, channels=3, default="flat")
        self.grey = nn.Parameter(torch.tensor(self.config.grey))

    @classmethod
    def example(cls, batch_size: int) -> dict[str, Tensor]:
        return {"image": torch.rand(batch_size, 3, SIDE, SIDE), "extent": torch.full((batch_size, 2), SIDE)}

    def squares(self, batch) -> Tensor:
        return resize_whole(batch["image"], batch["extent"], (SIDE, SIDE))

    def holes(self, count, draws) -> Tensor:
        corner = draws.integers(0, SIDE - 3, count, 2)[..., None]
        inside = (torch.arange(SIDE) >= corner) & (torch.arange(SIDE) < corner + 3)
        return inside[:, 0, :, None] & inside[:, 1, None]

    def inpaint(self, image, hole) -> Tensor:
        return torch.where(hole[:, None], self.grey, image)

    def step(self, batch, draws) -> Losses:
        return Losses({"all": self.grey**2})

    def optimizations(self, num_steps) -> dict[str, Optimization]:
        return {"all": Optimization(torch.optim.SGD(self.parameters(), 0.1))}


def images(pixels) -> Images:
    count = len(pixels)
    return Images(
        pixels=Ragged.of(list(pixels)),
        id=np.array([f"{number}.png" for number in range(count)]),
        label=np.zeros(count, np.int64),
        classes=("any",),
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="random",
    )


def parts(test: Images) -> Split:
    nothing = test.take(np.arange(0))
    return Split(train=nothing, validation=nothing, test=test)


@pytest.fixture
def noise() -> Images:
    return images(np.random.default_rng(0).integers(0, 256, (10, SIDE, SIDE, 3), dtype=np.uint8))


def test_scores_are_the_means_of_each_images_own_error(noise):
    toy = ToyInpainter().eval()
    result = Inpainting(Inpainting.Config(biharmonic=False)).measure(toy, parts(noise))
    squared, psnr = [], []
    order = [noise.id.tolist().index(name) for name in result.figures["id"]]
    assert sorted(order) == list(range(10))
    holes = result.figures["example_hole"]
    assert holes.shape == (10, SIDE, SIDE)
    for hole, index in zip(holes, order, strict=True):
        error = ((noise.pixels[index][hole] / 255 - 0.5) ** 2).mean()
        squared.append(error)
        psnr.append(-10 * np.log10(error))
    assert result.rows["model"]["l2"].mean == pytest.approx(100 * np.mean(squared), rel=1e-4)
    assert result.rows["model"]["psnr"].mean == pytest.approx(np.mean(psnr), rel=1e-4)
    row = result.figures["rows"].tolist().index("model")
    np.testing.assert_allclose(result.figures["psnr"][row], psnr, rtol=1e-4)
    assert result.notes[0] == f"10 held-out images; {900 / 64:.1f} % of the pixels of an image are missing"


def test_every_row_fills_the_same_holes_whatever_the_size_of_a_batch(noise):
    toy = ToyInpainter().eval()
    first, second = (
        Inpainting(Inpainting.Config(images=6, batch_size=size)).measure(toy, parts(noise)) for size in (2, 6)
    )
    assert set(first.rows) == {"mean_colour", "biharmonic", "random", "model"}
    for name, figure in first.figures.items():
        assert (figure == second.figures[name]).all(), name
    assert len(first.figures["id"]) == 6
    for row in first.rows:
        outside = ~first.figures["example_hole"]
        assert (first.figures[f"example_{row}"] == first.figures["example_truth"])[outside].all(), row


def test_untrained_row_is_the_same_network_with_other_weights(noise):
    toy = ToyInpainter().eval()
    with torch.no_grad():
        toy.grey.fill_(0.9)
    rows = Inpainting(Inpainting.Config(biharmonic=False)).measure(toy, parts(noise)).rows
    fresh = Inpainting(Inpainting.Config(biharmonic=False)).measure(ToyInpainter().eval(), parts(noise)).rows
    assert rows["random"] == fresh["model"]
    assert rows["model"] != fresh["model"]


def test_notes_give_the_gain_and_its_standard_error_by_hand(noise):
    result = Inpainting(Inpainting.Config(biharmonic=False, images=4)).measure(ToyInpainter().eval(), parts(noise))
    values = dict(zip(result.figures["rows"].tolist(), result.figures["psnr"], strict=True))
    gain = values["model"] - values["mean_colour"]
    doubt = np.sqrt(((gain - gain.mean()) ** 2).sum() / 3 / 4)
    assert result.notes[1] == (
        f"model over mean_colour, image by image: {gain.mean():+.2f} dB, standard error {doubt:.2f}"
    )


def test_mean_colour_is_that_of_the_other_pixels():
    image = torch.arange(8.0).view(1, 2, 2, 2) / 8
    hole = torch.tensor([[[True, False], [False, False]]])
    filled = mean_colour(image, hole)
    assert filled[0, :, 0, 0].tolist() == pytest.approx([(1 + 2 + 3) / 24, (5 + 6 + 7) / 24])
    assert filled[0, :, 0, 1].equal(image[0, :, 0, 1])


def test_biharmonic_surface_continues_a_plane():
    plane = (torch.arange(16.0)[:, None] + 2 * torch.arange(16.0)) / 64
    image = torch.stack([plane, 1 - plane])[None]
    hole = torch.zeros(1, 16, 16, dtype=torch.bool)
    hole[0, 5:10, 5:10] = True
    filled = biharmonic_surface(torch.where(hole[:, None], 0.0, image), hole)
    torch.testing.assert_close(filled, image, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("channels", "shown"), [(1, [0, 0, 0]), (2, [0, 0, 0]), (3, [0, 1, 2]), (5, [0, 1, 2])])
def test_images_of_other_channels_are_shown_by_their_first(channels, shown):
    image = torch.rand(2, channels, 4, 4)
    assert (_as_bytes(image) == (image[:, shown] * 255).round().movedim(1, -1).numpy()).all()


def test_nothing_held_out_is_refused_with_advice(noise):
    with pytest.raises(DataError, match="--folds 2"):
        Inpainting().measure(ToyInpainter().eval(), parts(noise.take(np.arange(0))))
