"""A dense CRF moves the borders of a label map to where the colours change.

Philipp Krähenbühl, Vladlen Koltun, *Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials*, 2011,
<https://arxiv.org/abs/1210.5644>.

Every two pixels of an image pull at one another's classes: strongly where they are near and alike in colour, less where
they are only near. Mean field finds the probabilities of all classes at every pixel that agree best with each other.

Differs from the paper: the kernels are normalised symmetrically, as in the authors' code since
their paper of 2013.
"""

import math
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lessup.errors import DataError, ShapeError, UsageError
from lessup.masks.permutohedral import Lattice, checked
from lessup.transforms.on_cpu import loops_suit, over_rows


@dataclass(frozen=True, kw_only=True)
class DenseCRFConfig:
    """How strongly and how far pixels pull at one another.

    Attributes:
        bilateral_weight: of the kernel of places and colours, >= 0; 0 leaves it out.
        sigma_xy: its standard deviation of places, in pixels.
        sigma_rgb: its standard deviation of colours, in the unit of the image.
        gaussian_weight: of the kernel of places alone, >= 0; 0 leaves it out.
        sigma: its standard deviation, in pixels.
        num_iterations: of mean field; 0 gives the softmax of minus the energies.

    Raises:
        UsageError: a weight or the number of iterations is below 0, or a standard deviation is not above 0.

    Source: defaults from Oh et al., *Exploiting Saliency for Object Segmentation from Image Level Labels*, 2017.
    """

    bilateral_weight: float = 4.0
    sigma_xy: float = 121.0
    sigma_rgb: float = 5.0
    gaussian_weight: float = 3.0
    sigma: float = 3.0
    num_iterations: int = 10

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            spread = field.name.startswith("sigma")
            if not math.isfinite(value) or value < 0 or (spread and value == 0):
                raise UsageError(
                    f"{field.name} = {value}: wanted a finite number {'above' if spread else 'of at least'} 0"
                )


FINAL = DenseCRFConfig()
"""For the output of a segmentation network."""

SEED = DenseCRFConfig(bilateral_weight=10.0, sigma_xy=80.0, sigma_rgb=13.0)
"""For seeds: a wider notion of equal colours, in a smaller surrounding, and a stronger pull."""


PHOTOGRAPH = 500
"""Pixels on the long side of the photographs, PASCAL VOC's, for which these settings were published."""


def for_size(config: DenseCRFConfig, size: tuple[int, int]) -> DenseCRFConfig:
    """Return settings for photographs of ``PHOTOGRAPH`` pixels as they are for an image of another size.

    Args:
        config: whose widths of places are scaled; colours and weights stay.
        size: height and width of the image.

    >>> for_size(DenseCRFConfig(sigma_xy=100, sigma=3), (125, 250)).sigma_xy
    50.0
    """
    scale = max(size) / PHOTOGRAPH
    return replace(config, sigma_xy=scale * config.sigma_xy, sigma=scale * config.sigma)


def dense_crf(energy: Tensor, image: Tensor, config: DenseCRFConfig = FINAL) -> Tensor:
    """Return the probabilities of the classes at every pixel, by mean field.

    Args:
        energy: (B, K, H, W) floating, finite; the lower, the likelier: minus the logarithm of a probability, say.
        image: (B, C, H, W) of any real dtype, colours in [0, 255], any number of channels; on the energies' device.
        config: the kernels and the number of iterations.

    Returns:
        (B, K, H, W) in [0, 1] of the energies' dtype and device; the K values of a pixel sum to 1. No gradient flows.

    Raises:
        DataError: energies or colours are not finite, or colours seem to lie in [0, 1].
        ShapeError: a tensor has another shape or dtype.
        UsageError: the tensors are on two devices.

    Source: algorithm 1, with the compatibility of Potts.

    >>> image = torch.tensor([0.0, 0.0, 0.0, 255.0, 255.0, 255.0]).expand(1, 3, 1, 6)
    >>> wrong_in_one = torch.tensor([[0.0, 0.9, 0.0, 1.0, 1.0, 1.0], [1.0, 0.2, 1.0, 0.0, 0.0, 0.0]])[None, :, None]
    >>> dense_crf(wrong_in_one, image).argmax(1)
    tensor([[[0, 0, 0, 1, 1, 1]]])
    """
    _check(energy, image)
    with torch.no_grad():
        rows = energy.detach().flatten(2)  # (B, K, N)
        rows = rows if rows.dtype == torch.float64 else rows.float()
        image = image.detach().to(rows.dtype)
        if config.bilateral_weight == config.gaussian_weight == 0 or not len(rows):
            result = torch.softmax(-rows, 1)
        elif loops_suit(rows):
            result = _in_loops(rows.contiguous(), image.contiguous(), config)
        else:
            result = _in_tensors(rows, image, config)
        return result.to(energy.dtype).view(energy.shape)


def _check(energy: Tensor, image: Tensor) -> None:
    if energy.ndim != 4 or 0 in energy.shape[1:] or not energy.is_floating_point():
        raise ShapeError(f"energies {_told(energy)}: wanted floating (B, K, H, W), each but B at least 1")
    if image.ndim != 4 or image.shape[1] == 0 or image.is_complex():
        raise ShapeError(
            f"image {_told(image)}: wanted (B, C, H, W), C at least 1; add the axis of channels of a grey one"
        )
    if energy.shape[0] != image.shape[0] or energy.shape[2:] != image.shape[2:]:
        raise ShapeError(
            f"energies {_told(energy)} but image {_told(image)}: wanted equal B, H, W; resize the energies"
        )
    if energy.device != image.device:
        raise UsageError(f"energies on {energy.device}, image on {image.device}: move one of them")
    if not energy.numel():
        return
    if not _finite(energy):
        number = int((~energy.isfinite()).sum())
        raise DataError(
            f"{number} of {energy.numel()} energies are NaN or infinite: wanted finite ones; for probabilities, "
            "use -log(p.clamp(min=1e-8)), and for scores -log_softmax(scores, 1)"
        )
    if not _finite(image):
        raise DataError(
            "the image has NaN or infinite colours: wanted finite ones in [0, 255]; leave it out or mend it"
        )
    if image.is_floating_point() and 0 < image.max() <= 1 and image.min() >= 0 and bool((image % 1 != 0).any()):
        raise DataError("the image's colours lie in [0, 1]: wanted [0, 255]; multiply them by 255")


def _told(tensor: Tensor) -> str:
    return f"of shape {tuple(tensor.shape)} and {tensor.dtype}"


def _finite(tensor: Tensor) -> bool:
    low, high = tensor.aminmax()  # both are NaN where anything is
    return bool(low.isfinite() & high.isfinite())


def _places(image: Tensor) -> Tensor:
    """Return (H * W, 2), x and y of every pixel."""
    height, width = image.shape[2:]
    y, x = (torch.arange(size, device=image.device, dtype=image.dtype) for size in (height, width))
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)], 2).flatten(0, 1)


def _bilateral_positions(image: Tensor, places: Tensor, config: DenseCRFConfig) -> Tensor:
    """Return (B, N, 2 + C) positions in standard deviations."""
    colours = image.flatten(2).mT / config.sigma_rgb  # (B, N, C)
    return torch.cat([(places / config.sigma_xy).expand(len(image), -1, -1), colours], 2)


def _in_tensors(rows: Tensor, image: Tensor, config: DenseCRFConfig) -> Tensor:
    """Compute (B, K, N) from (B, K, N) energies on any device, all images at once."""
    batch, classes, points = rows.shape
    places = _places(image)
    group = torch.arange(batch, device=rows.device).repeat_interleave(points)
    kernels = []
    for weight, position in (
        (config.bilateral_weight, _bilateral_positions(image, places, config)),
        (config.gaussian_weight, (places / config.sigma).expand(batch, -1, -1)),
    ):
        if weight > 0:
            lattice = Lattice.around(position.flatten(0, 1), group)
            mass = lattice.filter(rows.new_ones(batch * points, 1))
            kernels.append((lattice, (weight / (mass + 1e-20)).sqrt()))
    score = -rows.mT.reshape(batch * points, classes)
    q = torch.softmax(score, 1)
    for _ in range(config.num_iterations):
        message = torch.zeros_like(q)
        for lattice, scale in kernels:
            message += scale * lattice.filter(scale * q)
        q = torch.softmax(score + message, 1)
    return q.view(batch, points, classes).mT.contiguous()


def _in_loops(rows: Tensor, image: Tensor, config: DenseCRFConfig) -> Tensor:
    """Compute (B, K, N) from (B, K, N) float32 energies on the CPU, one image a thread."""
    from lessup.masks import dense_crf_kernels as kernels  # imports numba, which takes longer than `import lessup` may
    from lessup.masks.permutohedral_kernels import Corners, corners_around, joined

    def normalised(position: Tensor, weight: float) -> Corners:
        lattice = corners_around(checked(position).numpy())
        kernels.normalise(lattice, weight)
        return lattice

    places = _places(image)
    shared = [normalised(places / config.sigma, config.gaussian_weight)] if config.gaussian_weight > 0 else []
    result = torch.empty_like(rows)

    def infer(energies: NDArray[np.float32], images: NDArray[np.float32], results: NDArray[np.float32]) -> None:
        for one, picture, to in zip(energies, torch.from_numpy(images), results, strict=True):
            lattices = list(shared)
            if config.bilateral_weight > 0:
                position = _bilateral_positions(picture[None], places, config)[0]
                lattices.append(normalised(position.contiguous(), config.bilateral_weight))
            kernels.mean_field(one, joined(lattices), config.num_iterations, to)

    over_rows(infer, rows.numpy(), image.numpy(), result.numpy())
    return result
