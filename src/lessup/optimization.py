"""Optimisers and how their rates change over a run."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

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


def adam_with_exponential_end(
    learnt: nn.Module,
    learning_rate: float,
    num_steps: int,
    *,
    momentum: float,
    weight_decay: float,
    constant: float,
    final_rate: float,
) -> Optimization:
    """Return Adam as the released code of BiGAN has it: its rate is constant at first and then falls exponentially.

    Args:
        learnt: a module, of which all parameters are taken.
        learning_rate: at the beginning.
        num_steps: updates of the run.
        momentum: the first beta; the second is 0.999.
        weight_decay: L2 in the gradient of all but the gains of batch normalisation.
        constant: share of the run at the full rate.
        final_rate: share of the rate that is left at the end.
    """
    norms = [layer for layer in learnt.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
    gains = [layer.weight for layer in norms if layer.affine]
    others = [weight for weight in learnt.parameters() if all(weight is not gain for gain in gains)]
    groups = [{"params": others, "weight_decay": weight_decay}, {"params": gains, "weight_decay": 0.0}]
    optimizer = torch.optim.Adam(
        [group for group in groups if group["params"]], lr=learning_rate, betas=(momentum, 0.999), fused=True
    )

    def factor(update: int) -> float:
        beyond = update / num_steps - constant
        return math.pow(final_rate, beyond / (1 - constant)) if beyond > 0 else 1.0

    return Optimization(optimizer, LambdaLR(optimizer, factor))


def in_quarters(optimizer: Optimizer, num_steps: int) -> Optimization:
    """Divide the rates of an optimiser by 10 after each quarter of a run of ``num_steps`` updates."""
    return Optimization(optimizer, LambdaLR(optimizer, lambda update: 0.1 ** (4 * update // num_steps)))


@dataclass(frozen=True, kw_only=True)
class DescentConfig:
    """How a network is learnt: by SGD as its paper has it, or by AdamW, which needs fewer updates.

    A method's config adds its own fields, and the published rate and decay.

    Attributes:
        optimizer: ``sgd`` with momentum, the rate divided by 10 after each quarter of the run; or ``adamw``, which
            warms up and falls to 0 along a cosine.
        learning_rate: its peak.
        momentum: of SGD.
        weight_decay: of all parameters.
    """

    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float


def descent(
    config: DescentConfig,
    learnt: nn.Module | list[dict[str, Any]],
    num_steps: int,
    *,
    schedule: Callable[[Optimizer, int], Optimization] = in_quarters,
) -> Optimization:
    """Return the optimiser that a config names, with its schedule.

    Args:
        config: says which, and its rates.
        learnt: a module, or groups of parameters with rates or decays of their own.
        num_steps: updates of the run.
        schedule: what becomes of the rates of SGD; those of AdamW rise and fall along a cosine.
    """
    if config.optimizer == "adamw":
        return adamw_with_cosine(learnt, config.learning_rate, config.weight_decay, num_steps)
    weights = learnt.parameters() if isinstance(learnt, nn.Module) else learnt
    sgd = torch.optim.SGD(weights, config.learning_rate, config.momentum, weight_decay=config.weight_decay)
    return schedule(sgd, num_steps)


def sgd_with_most_of_a_cosine(
    learnt: list[dict[str, Any]], learning_rate: float, momentum: float, num_steps: int
) -> Optimization:
    """Return SGD with Nesterov's momentum whose rate falls along cos(7 pi t / 16), t from 0 to 1 over the run.

    Args:
        learnt: groups of parameters, see ``decaying_apart``.
        learning_rate: at the beginning; a fifth of it is left at the end.
        momentum: above 0.
        num_steps: updates of the run.

    Source: Sohn et al., *FixMatch*, 2020, section 2.4.
    """
    optimizer = torch.optim.SGD(learnt, lr=learning_rate, momentum=momentum, nesterov=True)
    return Optimization(
        optimizer, LambdaLR(optimizer, lambda update: math.cos(7 * math.pi / 16 * min(update / num_steps, 1)))
    )


def decaying_apart(learnt: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return two groups of parameters that are learnt: weights decay, biases and normalisations do not."""
    parameters = [weight for weight in learnt.parameters() if weight.requires_grad]
    matrices, vectors = ([weight for weight in parameters if (weight.ndim > 1) is many] for many in (True, False))
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
