"""How a camera moved between two frames, as classes that a network can be asked for."""

from typing import Literal

import torch
from torch import Tensor

Axes = Literal["world", "camera"]
"""Those along which places differ: of the world of a clip, or of the camera at the first frame."""


def camera_motion(pose: Tensor, axes: Axes) -> Tensor:
    """Return shifts along X and Z and turns about Y.

    Args:
        pose: (B, 2, 3, 4) rotation and place of the camera at two frames; X points right, Y down and Z ahead.
        axes: ``world`` takes the difference of both places as it is, whichever way the camera looks.

    Returns:
        (B, 3): X and Z in the unit of the places, and degrees, positive to the right; the turn is relative to the
        first frame in either case.

    >>> ahead = torch.eye(3, 4).repeat(1, 2, 1, 1)
    >>> ahead[0, 1, 2, 3] = 2.0
    >>> camera_motion(ahead, "world")
    tensor([[0., 2., 0.]])
    """
    turned, place = pose[..., :3], pose[..., 3]
    back = turned[:, 0].transpose(1, 2)  # from the world to the first camera
    shift = (place[:, 1] - place[:, 0])[:, :, None]
    shift = (back @ shift if axes == "camera" else shift)[:, :, 0]
    relative = back @ turned[:, 1]
    degrees = torch.rad2deg(torch.atan2(relative[:, 0, 2], relative[:, 2, 2]))
    return torch.stack([shift[:, 0], shift[:, 2], degrees], 1)


def bins(value: Tensor, *, num_bins: int, width: float) -> Tensor:
    """Return the classes of values: bins of one width around 0, and one class beyond them on either side.

    Args:
        value: any shape.
        num_bins: even, half of them on either side of 0.
        width: of each.

    Returns:
        int64 of that shape, 0 (below all bins) to ``num_bins + 1`` (above).

    >>> bins(torch.tensor([-9.0, -0.5, 0.0, 1.0, 9.0]), num_bins=2, width=1.0).tolist()
    [0, 1, 2, 3, 3]
    """
    return ((value / width).floor() + num_bins // 2 + 1).clamp(0, num_bins + 1).long()
