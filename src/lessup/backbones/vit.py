"""Vision transformer: an image as a row of patches, each looking at all others in every block.

Source: Dosovitskiy et al., *An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale*, 2021,
https://arxiv.org/abs/2010.11929. The small model (width 384, 6 heads) is of Touvron et al., *Training Data-efficient
Image Transformers*, 2021, https://arxiv.org/abs/2012.12877. Made of torchvision's parts; its files load by name.

An image may have any height and width that are multiples of a patch: what is learnt of places is interpolated, as the
first paper does for larger images (section 3.2) and here bicubically, as the second does.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lessup.backbones import Aside, Backbone
from lessup.backbones.imagenet import MEAN, STD, per_channel
from lessup.errors import ShapeError

DEPTH = 12
"""Blocks of ViT-S, -B."""

ALIASES = {
    "conv_proj.": "stages.patches.project.",
    "class_token": "stages.patches.token",
    "encoder.pos_embedding": "stages.patches.place",
    "encoder.ln.": "stages.norm.",
    **{f"encoder.layers.encoder_layer_{number}.": f"stages.block{number + 1}." for number in range(DEPTH)},
}
"""Names in torchvision's files, and here."""


class Patches(nn.Module):
    """Cut an image into patches and turn each into a token; the first token belongs to none of them.

    Attributes:
        project: from the pixels of a patch to its token.
        token: (1, 1, D) the class token.
        place: (1, T, D) added to every token for where it stands, in a square image.
    """

    def __init__(self, project: nn.Conv2d, token: nn.Parameter, place: nn.Parameter) -> None:
        super().__init__()
        self.project = project
        self.token = token
        self.place = place

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, T, D) tokens of (B, C, H, W), those of the patches row by row.

        Raises:
            ShapeError: height or width is no multiple of a patch.
        """
        height, width = self.grid(x.shape[2], x.shape[3])
        tokens = self.project(x).flatten(2).transpose(1, 2)  # (B, T - 1, D)
        return torch.cat([self.token.expand(len(x), -1, -1), tokens], 1) + self.places(height, width)

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Return how many patches an image of so many pixels has, downwards and across.

        Raises:
            ShapeError: height or width is no multiple of a patch.
        """
        high, wide = self.project.kernel_size
        if height % high or width % wide or not height or not width:
            raise ShapeError(f"image of {height} x {width}: wanted multiples of a patch of {high} x {wide}; resize it")
        return height // high, width // wide

    def places(self, height: int, width: int) -> Tensor:
        """Return (1, 1 + height * width, D) what is added to the tokens of so many patches."""
        learnt = math.isqrt(self.place.shape[1] - 1)
        if (height, width) == (learnt, learnt):
            return self.place
        grid = self.place[:, 1:].transpose(1, 2).reshape(1, -1, learnt, learnt)  # (1, D, h, w)
        grid = F.interpolate(grid, (height, width), mode="bicubic", align_corners=False)
        return torch.cat([self.place[:, :1], grid.flatten(2).transpose(1, 2)], 1)


class ClassToken(nn.Module):
    """Take the token that belongs to no patch."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (B, D) of (B, T, D)."""
        return tokens[:, 0]


class MeanToken(nn.Module):
    """Average the tokens of all patches."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (B, D) of (B, T, D)."""
        return tokens[:, 1:].mean(1)


class LargestToken(nn.Module):
    """Take the largest of every number among the tokens of all patches."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (B, D) of (B, T, D)."""
        return tokens[:, 1:].amax(1)


def vit_s(channels: int = 3) -> Backbone:
    """Return ViT-S/16 for 224-pixel images; ``block1`` to ``block12`` are tokens, ``cls`` and ``pool`` vectors."""
    from torchvision.models import VisionTransformer  # slow to import

    network = VisionTransformer(224, 16, num_layers=DEPTH, num_heads=6, hidden_dim=384, mlp_dim=1536)
    if channels != 3:
        network.conv_proj = nn.Conv2d(channels, 384, 16, stride=16)
        nn.init.trunc_normal_(network.conv_proj.weight, std=(channels * 16 * 16) ** -0.5)
        nn.init.zeros_(network.conv_proj.bias)
    stages: dict[str, nn.Module] = {
        "patches": Patches(network.conv_proj, network.class_token, network.encoder.pos_embedding)
    }
    for number, block in enumerate(network.encoder.layers, start=1):
        stages[f"block{number}"] = block
    stages |= {"norm": network.encoder.ln, "pool": Aside(MeanToken()), "cls": ClassToken()}
    mean, std = per_channel(MEAN, channels), per_channel(STD, channels)
    return Backbone(stages, side=224, channels=channels, default="cls", mean=mean, std=std, aliases=ALIASES)
