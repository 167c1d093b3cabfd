"""deeplab: a network learns the class of every pixel from label maps, true ones or those made from tags.

Liang-Chieh Chen, George Papandreou, Iasonas Kokkinos, Kevin Murphy, Alan L. Yuille, *Semantic Image Segmentation with
Deep Convolutional Nets and Fully Connected CRFs*, 2015, https://arxiv.org/abs/1412.7062, as DeepLab-LargeFOV, trained
as Oh et al., *Exploiting Saliency for Object Segmentation from Image Level Labels*, 2017, train it on guide labels. The
dense CRF behind it is ``masks/dense_crf.py``. ``--head v3`` puts the head of Chen, Papandreou, Schroff, Adam,
*Rethinking Atrous Convolution for Semantic Image Segmentation*, 2017, https://arxiv.org/abs/1706.05587, on the map.

*Differs from the papers:* any backbone; fc6 and fc7 are new, where the papers take over those of VGG-16; the maximum
behind the last block of VGG-16 is taken over places as far apart as those of its convolutions; biases learn as fast as
weights, but for those of the scores; an image is tested at its own size, or that of a training crop if that is larger,
not in the middle of 531 pixels. The head of 2017 has no second loss on an earlier layer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup import backbones
from lessup.backbones import dilation, weights
from lessup.methods import Losses, Recipe, Segmenter
from lessup.optimization import DescentConfig, Optimization, descent
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.images import Images
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.windows import cut_windows, random_windows


@dataclass(frozen=True, kw_only=True)
class DeepLabConfig(DescentConfig):
    """The published hyper-parameters.

    Attributes:
        backbone: network below the head; its later strides become dilations, where it consists of convolutions.
        layer: its last layer that is kept; the deepest map if empty.
        stride: pixels from one place of the map to the next, at most; a power of two.
        head: ``large-fov`` has one dilated convolution, of 2015; ``v3`` several side by side, of 2017.
        width: channels of fc6 and fc7, for ``large-fov``.
        reach: dilation of fc6, for ``large-fov``.
        channels: of the images, filled in from the data.
        num_classes: K, the background not counted; filled in from the data.
        weights: file, run folder or ``imagenet``, from which the backbone's weights are loaded; empty for none.
        crop: pixels on each side of what is cut out of a training image, at its own scale; never more than fit the
            largest image of the data.
        mirror: share of the images that is mirrored.
        dropout: share of the outputs of fc6 and fc7, or of the pyramid of ``v3``, that is dropped.
        score_rate: how many times as fast the weights of the scores learn; their biases learn twice as fast again.
    """

    backbone: str = "vgg16"
    layer: str = ""
    stride: int = dilation.STRIDE
    head: Literal["large-fov", "v3"] = "large-fov"
    width: int = 1024
    reach: int = 12
    channels: int = 3
    num_classes: int = 20
    weights: str = ""
    crop: int = 321
    mirror: float = 0.5
    dropout: float = 0.5
    learning_rate: float = 1e-3
    score_rate: float = 10.0
    weight_decay: float = 5e-4


class LargeFOV(nn.Module):
    """Two hidden layers at every place of a map; the first looks at nine places far apart.

    Source: Chen et al. 2015, section 3.1, and the authors' DeepLab-LargeFOV.
    """

    def __init__(self, channels: int, width: int, reach: int, share: float) -> None:
        super().__init__()
        self.fc6 = nn.Conv2d(channels, width, 3, padding=reach, dilation=reach)
        self.fc7 = nn.Conv2d(width, width, 1)
        self.share = share
        self.channels = width
        for layer in (self.fc6, self.fc7):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, draws: Draws | None) -> Tensor:
        """Map (B, C, h, w) to (B, ``channels``, h, w); ``draws`` turns dropout on."""
        for layer in (self.fc6, self.fc7):
            x = layer(x).relu()
            x = x if draws is None or not self.share else dropout(x, self.share, draws)
        return x


class AtrousPyramid(nn.Module):
    """Convolutions of several dilations side by side and the mean of the map, from torchvision; then one convolution.

    Source: Chen et al. 2017, section 3.3.
    """

    channels = 256

    def __init__(self, channels: int, share: float) -> None:
        from torchvision.models.segmentation.deeplabv3 import DeepLabHead  # slow to import

        super().__init__()
        self.pyramid, *convolution, _ = DeepLabHead(channels, 1)
        self.pyramid.project[-1] = nn.Identity()  # its dropout draws from torch's global generator
        self.convolution = nn.Sequential(*convolution)
        self.share = share

    def forward(self, x: Tensor, draws: Draws | None) -> Tensor:
        """Map (B, C, h, w) to (B, ``channels``, h, w); ``draws`` turns dropout on."""
        x = self.pyramid(x)
        x = x if draws is None or not self.share else dropout(x, self.share, draws)
        convolved: Tensor = self.convolution(x)
        return convolved


class DeepLab(Segmenter):
    """A backbone with a fine map, a head and a score for every class at every place of the map.

    Attributes:
        grid: where these places lie in an image.
    """

    Config: ClassVar = DeepLabConfig
    paper: ClassVar = (
        "Liang-Chieh Chen, George Papandreou, Iasonas Kokkinos, Kevin Murphy, Alan L. Yuille, Semantic Image "
        "Segmentation with Deep Convolutional Nets and Fully Connected CRFs, 2015, https://arxiv.org/abs/1412.7062"
    )
    reads: ClassVar = ("image", "extent", "mask")
    config: DeepLabConfig

    def __init__(self, config: DeepLabConfig) -> None:
        super().__init__()
        self.config = config
        whole = backbones.build(config.backbone, channels=config.channels)
        self.backbone, self.grid = dilation.dilated(whole, stride=config.stride, layer=config.layer)
        width = self.backbone.shapes[self.backbone.layers[-1]][0]
        self.head = (
            AtrousPyramid(width, config.dropout)
            if config.head == "v3"
            else LargeFOV(width, config.width, config.reach, config.dropout)
        )
        self.score = nn.Conv2d(self.head.channels, 1 + config.num_classes, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        assert self.score.bias is not None
        nn.init.zeros_(self.score.bias)
        self.to(memory_format=torch.channels_last)

    @classmethod
    def configured(cls, config: DeepLabConfig, samples: Samples) -> DeepLabConfig:
        """Return ``config`` with channels and classes of the data, and crops no larger than its images need.

        Raises:
            DataError: the weights are not there.
        """
        if config.weights:
            weights.find(config.weights)
        if not isinstance(samples, Images):
            return config
        fits = _whole_steps(int(samples.pixels.extent.max(initial=1)), config.stride)
        classes = len(samples.classes)
        return replace(config, channels=samples.channels, num_classes=classes, crop=min(config.crop, fits))

    def begin(self, samples: Samples, seed: int) -> None:  # noqa: ARG002 - others begin from samples
        """Load the backbone's weights, if the config names where they are, and say what matched.

        Raises:
            DataError: the file cannot be used.
        """
        weights.begin_from(self.config.weights, self.backbone)

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64), ``extent`` and ``mask`` of one class in the left half."""
        mask = torch.zeros(batch_size, 64, 64, dtype=torch.int64)
        mask[:, :, :32] = 1
        image = torch.rand(batch_size, 3, 64, 64) * (0.5 + 0.5 * mask[:, None])
        return {"image": image, "extent": torch.full((batch_size, 2), 64), "mask": mask}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the mean cross-entropy of the places of random crops whose pixel counts.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``mask`` (B, H, W).
            draws: source of the crops and of dropout, which is off in ``eval`` mode.

        Returns:
            the player ``segmentation``; the log has ``pixel_accuracy``, the share of these places told rightly, in
            percent.
        """
        side, extent = self.config.crop, batch["extent"]
        corner = random_windows(extent, side, draws)
        mirror = draws.uniform(len(extent)) < self.config.mirror
        image, mask = (
            cut_windows(batch[key], extent, corner, (side, side), mirror=mirror) for key in ("image", "mask")
        )
        scores = self._scores(image, draws if self.training else None)
        target = self._under_places(mask, scores)
        counted = (target >= 0).sum().clamp(min=1)
        loss = F.cross_entropy(scores, target, ignore_index=-1, reduction="sum") / counted
        right = (scores.detach().argmax(1) == target).sum() / counted
        return Losses({"segmentation": loss}, {"pixel_accuracy": 100 * right})

    def probabilities(self, batch: Batch) -> Tensor:
        """Return (B, 1 + K, H, W) probabilities, see ``Segmenter``; scores are interpolated linearly between places."""
        image, extent = batch["image"], batch["extent"]
        found = image.new_zeros(len(image), self.score.out_channels, *image.shape[2:])
        stride = self.config.stride
        sizes = [tuple(max(_whole_steps(side, stride), self.config.crop) for side in each) for each in extent.tolist()]
        for height, width in dict.fromkeys(sizes):
            rows = [row for row, size in enumerate(sizes) if size == (height, width)]
            whole = cut_windows(image[rows], extent[rows], torch.zeros_like(extent[rows]), (height, width))
            scores = self._enlarged(self._scores(whole, None), (height, width))
            for row, own in zip(rows, scores, strict=True):
                high, wide = extent[row].tolist()
                found[row, :, :high, :wide] = own[:, :high, :wide].softmax(0)
        return found

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return SGD whose rate falls in steps, or AdamW with a linear warm-up and a cosine to zero."""
        config = self.config
        rate, fast = config.learning_rate, config.learning_rate * config.score_rate
        assert self.score.bias is not None
        groups = [
            {"params": [*self.backbone.parameters(), *self.head.parameters()], "lr": rate},
            {"params": [self.score.weight], "lr": fast},
            {"params": [self.score.bias], "lr": 2 * fast},
        ]
        return {"segmentation": descent(config, groups, num_steps)}

    def _scores(self, image: Tensor, draws: Draws | None) -> Tensor:
        """Map (B, C, H, W) in [0, 1] to (B, 1 + K, h, w) scores of the map's places; ``draws`` turns dropout on."""
        features = self.backbone(self.scaled(image).contiguous(memory_format=torch.channels_last))
        scores: Tensor = self.score(self.head(features, draws))
        return scores

    def _under_places(self, mask: Tensor, scores: Tensor) -> Tensor:
        """Return (B, h, w) the numbers of (B, H, W) masks under the places of (B, 1 + K, h, w) scores."""
        rows, columns = (
            self.grid.pixels(count, length).to(mask.device)
            for count, length in zip(scores.shape[2:], mask.shape[1:], strict=True)
        )
        return mask[:, rows][:, :, columns]

    def _enlarged(self, scores: Tensor, size: tuple[int, int]) -> Tensor:
        """Return (B, 1 + K, *size) scores of every pixel."""
        rows, columns = (
            self.grid.weights(count, length).to(scores.device)
            for count, length in zip(scores.shape[2:], size, strict=True)
        )
        with torch.autocast(scores.device.type, enabled=False):
            return rows @ scores.float() @ columns.T


def _whole_steps(length: int, stride: int) -> int:
    """Return the least number of pixels, at least ``length``, that a place is in the middle of the first and last of.

    >>> _whole_steps(320, 8)
    321
    """
    return -(-(length - 1) // stride) * stride + 1


def paper() -> Recipe:
    """Follow Oh et al.: 8,000 updates of 15 crops from VGG-16's ImageNet weights; not run.

    Command: ``lessup train deeplab --data DATA --out RUN --recipe paper --weights vgg16.pth``.
    """
    return Recipe(config=DeepLabConfig(), training=Training(steps=8_000, batch_size=15))


def cpu() -> Recipe:
    """Train on EfficientNet-Lite0 and its ImageNet weights, which the extra ``imagenet`` brings, on two cores.

    Command: ``lessup train deeplab --data DATA --out RUN --recipe cpu``.

    An update takes four fifths of a second of one core. The backbone is cut before its widest blocks, so that the map
    stays fine: chosen on 100 training images with masks against blocks7 at stride 16, which takes as long. No other
    setting was chosen by any validation.
    """
    config = DeepLabConfig(
        backbone="efficientnet-lite0",
        layer="blocks5",
        weights="imagenet",
        width=256,
        reach=6,
        crop=193,
        dropout=0.2,
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=0.01,
    )
    return Recipe(config=config, training=Training(steps=1_000, batch_size=8))
