"""Optimisers and how their rates change over a run."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


@dataclass(frozen=True)
class Optimization:
    """An optimiser of one player and its schedule, stepped once an update."""

    optimizer: Optimizer
    schedule: LRScheduler | None = None


def adamw_with_cosine(
    learnt: nn.Module | list[dict[str, Any]], learning_rate: float, weight_decay: float, num_steps: int
) -> Optimization:
    """Return AdamW whose rate rises over a twentieth of the run and falls along a cosine.

    Args:
        learnt: a module, of which the parameters that need a gradient are taken, or groups with rates of their own.
        learning_rate: peak.
        weight_decay: of all of them.
        num_steps: updates of the run.
    """
    if isinstance(learnt, nn.Module):
        learnt = [{"params": [weight for weight in learnt.parameters() if weight.requires_grad]}]
    optimizer = torch.optim.AdamW(learnt, lr=learning_rate, weight_decay=weight_decay, fused=True)
    rise = max(num_steps // 20, 1)

    def factor(update: int) -> float:
        return min((update + 1) / rise, 0.5 + 0.5 * math.cos(math.pi * min(update / num_steps, 1)))

    return Optimization(optimizer, LambdaLR(optimizer, factor))


def in_quarters(optimizer: Optimizer, num_steps: int) -> Optimization:
    """Divide the rates of an optimiser by 10 after each quarter of a run of ``num_steps`` updates."""
    return Optimization(optimizer, LambdaLR(optimizer, lambda update: 0.1 ** (4 * update // num_steps)))
