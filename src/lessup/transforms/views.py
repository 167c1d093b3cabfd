"""Random views of images: two of each are what contrastive methods learn to recognise as the same image."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from lessup.transforms.blur import gaussian_blur
from lessup.transforms.colour import Jitter, random_map
from lessup.transforms.crops import crop_resize, mirrored, random_boxes
from lessup.transforms.draws import Draws
from lessup.transforms.on_cpu import loops_suit

AT_ONCE = 1 << 19
"""Pixels of views that go through all steps together on the CPU."""


@dataclass(frozen=True, kw_only=True)
class SimCLRViews:
    """How SimCLR changes an image, with its strengths for ImageNet.

    For small images the paper halves the jitter and leaves out the blur (appendix B.9): ``SimCLRViews.small()``.

    Attributes:
        size: height and width of a view.
        area: least and largest share of the image that a crop takes.
        ratio: least and largest width / height of a crop.
        mirror: probability that a crop is mirrored.
        jitter: of the colours.
        blur: probability that a view is blurred; 0 for images below 64 pixels.
        sigma: least and largest width of the blur in pixels.
        reach: share of the height that the blur's kernel covers on each side.

    Source: Chen et al., *A Simple Framework for Contrastive Learning of Visual Representations*, 2020, appendix A.
    """

    size: int = 224
    area: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    mirror: float = 0.5
    jitter: Jitter = field(default_factory=Jitter)
    blur: float = 0.5
    sigma: tuple[float, float] = (0.1, 2.0)
    reach: float = 0.05

    @classmethod
    def small(cls, size: int = 32) -> "SimCLRViews":
        """Return the strengths for CIFAR-10: half the jitter and no blur."""
        jitter = Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)
        return cls(size=size, jitter=jitter, blur=0.0)


def random_view(image: Tensor, extent: Tensor, views: SimCLRViews, draws: Draws) -> Tensor:
    """Crop, mirror, jitter, turn to grey and blur each image at random.

    Args:
        image: (B, C, H, W) in [0, 1], padded.
        extent: (B, 2) int64 height and width of each.
        views: the strengths.
        draws: where the numbers come from.

    Returns:
        (B, C, S, S) in [0, 1], S the size of a view.
    """
    box = mirrored(random_boxes(extent, draws, area=views.area, ratio=views.ratio), draws, share=views.mirror)
    numbers = draws.uniform(len(image), 8)
    # On the CPU few images at a time stay in the cache, and the memory between the steps is used again.
    rows = max(1, AT_ONCE // views.size**2 if loops_suit(image) else len(image))
    output = torch.empty(*image.shape[:2], views.size, views.size, device=image.device)
    for at in range(0, len(image), rows):
        part = slice(at, at + rows)
        output[part] = _view(image[part], box[part], numbers[part], views)
    return output


def _view(image: Tensor, box: Tensor, numbers: Tensor, views: SimCLRViews) -> Tensor:
    crop = crop_resize(image, box, (views.size, views.size))
    view = random_map(crop, views.jitter, numbers[:, :6])(crop)
    if not views.blur:
        return view
    sigma = views.sigma[0] + numbers[:, 6] * (views.sigma[1] - views.sigma[0])
    sigma = torch.where(numbers[:, 7] < views.blur, sigma, 0.0)
    return gaussian_blur(view, sigma, max(1, int(views.reach * views.size)))


def two_views(image: Tensor, extent: Tensor, views: SimCLRViews, draws: Draws) -> tuple[Tensor, Tensor]:
    """Draw two views of each image; see ``random_view``."""
    return random_view(image, extent, views, draws), random_view(image, extent, views, draws)
