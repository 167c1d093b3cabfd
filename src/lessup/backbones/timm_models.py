"""Any network of the package timm by its name there, as one stage that ends in pooled features.

``build("timm:convnext_atto", channels=3)``; the extra ``timm`` brings the package. Nothing is downloaded: weights are
random until a file is loaded.
"""

from typing import Any

from lessup.backbones import Backbone
from lessup.backbones.imagenet import per_channel
from lessup.errors import MissingExtraError, UsageError


def timm_backbone(name: str, *, channels: int) -> Backbone:
    """Return a network of timm with random weights.

    Args:
        name: as timm writes it.
        channels: C of its images.

    Raises:
        MissingExtraError: the extra ``timm`` is not installed.
        UsageError: timm has no such network.
    """
    try:
        import timm
    except ImportError as error:
        raise MissingExtraError(f"timm:{name} needs the package timm: pip install 'lessup[timm]'") from error
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name}*")[:5]) or "none is similar"
        raise UsageError(f"timm has no network called {name!r}: {near}")
    network = timm.create_model(name, pretrained=False, in_chans=channels, num_classes=0)
    published: dict[str, Any] = network.pretrained_cfg  # type: ignore[assignment]  # typed as a module there
    return Backbone(
        {"pool": network},
        side=published["input_size"][-1],
        channels=channels,
        default="pool",
        mean=per_channel(published["mean"], channels),
        std=per_channel(published["std"], channels),
        aliases={"": "stages.pool."},
    )
