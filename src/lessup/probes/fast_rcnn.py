"""Fast R-CNN on a trained backbone: which of the proposed regions holds what, and where its edges are.

Source: Girshick, *Fast R-CNN*, 2015: 64 regions an image, a quarter of them objects, smooth L1 on the edges of these,
and suppression of overlaps above 0.3; sampling, losses and suppression are torchvision's.

Differs from the paper: regions are cut from the deepest map of a stride of at most 20 pixels, at the size of that map
for a whole image, and go through the rest of the backbone, so that any backbone works; regions that overlap an object
by less than 0.5 are background without a lower bound; smooth L1 turns straight at 1/9, as torchvision has it; images
are resized to one square; batch normalisation goes by the averages that the network has, see ``backbones.folding``; the
two layers on top begin as PyTorch's do, not from N(0, 0.01) and N(0, 0.001); AdamW with a cosine.
"""

import copy
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import MultiScaleRoIAlign

from lessup.backbones import Backbone, dense, flat
from lessup.backbones.folding import folded
from lessup.methods import ImageEncoder, Losses, Method
from lessup.optimization import Optimization, adamw_with_cosine
from lessup.samples import Batch
from lessup.transforms.crops import crop_resize
from lessup.transforms.draws import Draws

MAP = "map"


@dataclass(frozen=True, kw_only=True)
class FastRCNNConfig:
    """How the network is built and trained.

    Attributes:
        num_classes: K.
        side: pixels on each side of the images it works on; 0 takes twice that of the backbone.
        regions: proposals of an image that a step looks at.
        overlap: detections of one class that overlap more are suppressed.
        learning_rate: peak of the cosine.
        weight_decay: of AdamW.
    """

    num_classes: int
    side: int = 0
    regions: int = 64
    overlap: float = 0.3
    learning_rate: float = 3e-4
    weight_decay: float = 0.01


class FastRCNN(Method):
    """A copy of a trained network that classifies proposed regions and moves their edges."""

    Config: ClassVar = FastRCNNConfig
    paper: ClassVar = "Girshick, Fast R-CNN, 2015, https://arxiv.org/abs/1504.08083"
    reads: ClassVar = ("image", "extent", "boxes", "proposals")
    layers: ClassVar = ("map",)

    def __init__(self, trained: ImageEncoder, config: FastRCNNConfig) -> None:
        """Copy a network.

        Args:
            trained: the network; stays as it is.
            config: the detector and its training.

        Raises:
            UsageError: the network has no map that is fine enough.
        """
        super().__init__()
        self.config = config
        self.body = copy.deepcopy(trained)
        self.body.backbone = backbone = folded(trained.backbone)
        self.body.requires_grad_(True)
        self.layer = dense.last_map(backbone)
        self.side = config.side or 2 * backbone.side
        rest = Rest(backbone, self.layer)
        self.heads = RoIHeads(
            MultiScaleRoIAlign([MAP], backbone.shapes[self.layer][1:], sampling_ratio=2),
            rest,
            FastRCNNPredictor(rest.width(), config.num_classes + 1),
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=config.regions,
            positive_fraction=0.25,
            bbox_reg_weights=None,
            score_thresh=0.01,
            nms_thresh=config.overlap,
            detections_per_img=100,
        )

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``image`` (B, 3, 64, 64) with one bright box each, and two proposals."""
        image = torch.rand(batch_size, 3, 64, 64) * 0.3
        image[:, :, 16:48, 16:48] += 0.6
        box = torch.tensor([[16.0, 16.0, 48.0, 48.0]])
        return {
            "image": image,
            "extent": torch.full((batch_size, 2), 64),
            "boxes": box.expand(batch_size, 1, 4),
            "box_label": torch.zeros(batch_size, 1, dtype=torch.int64),
            "box_difficult": torch.zeros(batch_size, 1, dtype=torch.bool),
            "proposals": torch.cat([box, torch.tensor([[0.0, 0.0, 20.0, 20.0]])]).expand(batch_size, 2, 4),
        }

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the cross-entropy of sampled regions and the smooth L1 loss of the edges of objects among them."""
        mirror = draws.uniform(len(batch["image"])) < 0.5
        targets = []
        for row, corners in enumerate(self._placed(batch["boxes"], batch["extent"], mirror)):
            kept = (batch["box_label"][row] >= 0) & ~batch["box_difficult"][row]
            targets.append({"boxes": corners[kept], "labels": batch["box_label"][row][kept] + 1})
        with torch.random.fork_rng(devices=[draws.device] if draws.device.type == "cuda" else []):
            torch.manual_seed(int(draws.integers(0, 2**62, 1)))  # torchvision samples regions by the global generator
            _, losses = self._heads(batch, mirror, targets)
        total = losses["loss_classifier"] + losses["loss_box_reg"]
        return Losses({"detection": total}, {key: value.detach() for key, value in losses.items()})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) the map of whole images; see ``detect`` for boxes.

        Raises:
            UsageError: there is no such layer.
        """
        self.chosen(layer)
        return flat(self._map(batch, torch.zeros(len(batch["image"]), dtype=torch.bool, device=self.device)))

    def detect(self, batch: Batch) -> list[dict[str, Tensor]]:
        """Return what is found in each image: ``boxes`` (M, 4) in its own pixels, ``labels`` and ``scores`` (M,)."""
        found, _ = self._heads(batch, torch.zeros(len(batch["image"]), dtype=torch.bool, device=self.device), None)
        for each, extent in zip(found, batch["extent"], strict=True):
            each["boxes"] = each["boxes"] * extent[[1, 0, 1, 0]] / self.side
            each["labels"] = each["labels"] - 1
        return found

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return AdamW whose rate rises over a twentieth of the run and falls along a cosine."""
        config = self.config
        return {"detection": adamw_with_cosine(self, config.learning_rate, config.weight_decay, num_steps)}

    def _heads(
        self, batch: Batch, mirror: Tensor, targets: list[dict[str, Tensor]] | None
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        placed = self._placed(batch["proposals"], batch["extent"], mirror)
        proposals = [regions[(regions[:, 2:] > regions[:, :2]).all(1)] for regions in placed]
        features = OrderedDict({MAP: self._map(batch, mirror)})
        found, losses = self.heads(features, proposals, [(self.side, self.side)] * len(placed), targets)
        return found, losses

    def _map(self, batch: Batch, mirror: Tensor) -> Tensor:
        """Return the map of images resized to the side of the detector, some of them mirrored."""
        height, width = batch["extent"].to(batch["image"]).unbind(1)
        nothing = torch.zeros_like(width)
        left, right = torch.where(mirror, width, nothing), torch.where(mirror, nothing, width)
        image = crop_resize(batch["image"], torch.stack([left, nothing, right, height], 1), (self.side, self.side))
        return self.body.backbone.features(self.body.scaled(image), (self.layer,))[self.layer]

    def _placed(self, corners: Tensor, extent: Tensor, mirror: Tensor) -> Tensor:
        """Return (B, P, 4) boxes in pixels of the resized and perhaps mirrored images."""
        placed = corners * self.side / extent[:, None, [1, 0, 1, 0]]
        turned = torch.stack(
            [self.side - placed[..., 2], placed[..., 1], self.side - placed[..., 0], placed[..., 3]], -1
        )
        return torch.where(mirror[:, None, None], turned, placed)


class Rest(nn.Module):
    """What follows a layer of a backbone, on maps as large as that of a whole image; shares the weights."""

    def __init__(self, backbone: Backbone, after: str) -> None:
        super().__init__()
        chain = dense.chain(backbone)
        self.shape = backbone.shapes[after]
        self.stages = nn.Sequential(*(backbone.stages[name] for name in chain[chain.index(after) + 1 :]))

    def forward(self, maps: Tensor) -> Tensor:
        """Map (R, C, H, W) regions to (R, D)."""
        return flat(self.stages(maps))

    def width(self) -> int:
        """Return D."""
        training = self.training
        with torch.no_grad():
            width = self.eval()(torch.zeros(1, *self.shape)).shape[1]
        self.train(training)
        return int(width)
