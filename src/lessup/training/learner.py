"""A method as Lightning's Trainer sees it."""

from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor

from lessup.methods import Losses, Method
from lessup.runs import Training
from lessup.samples import Batch
from lessup.transforms.draws import Draws


class Window:
    """Sums of what the steps gave since the last line of the log; nothing leaves the device until it is read."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.count = 0

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Add one step's () values, or one part's."""
        for name, value in values.items():
            value = value.detach().float()
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.count += 1

    def means(self) -> dict[str, Tensor]:
        """Return the () mean of every value since ``clear``."""
        return {name: value / self.count for name, value in self.sums.items()}

    def clear(self) -> None:
        """Start anew."""
        self.sums, self.count = {}, 0


class Learner(LightningModule):
    """Trains a method: one player by Lightning's own optimisation, several at once from one graph.

    Attributes:
        method: what is trained.
        settings: how.
        players: names of the method's players.
        window: what the steps gave since the last line of the log.
    """

    def __init__(self, method: Method, settings: Training) -> None:
        super().__init__()
        self.method = method
        self.settings = settings
        self.players = tuple(method.optimizations(settings.steps))
        self.automatic_optimization = len(self.players) == 1
        self.window = Window()

    @property
    def updates(self) -> int:
        """Updates made so far; Lightning counts every player's optimiser step."""
        return self.trainer.global_step // len(self.players)

    def configure_optimizers(self) -> Any:
        """Return the optimiser and the schedule of every player."""
        parts = self.method.optimizations(self.settings.steps).values()
        schedules = [{"scheduler": part.schedule, "interval": "step"} for part in parts if part.schedule]
        return [part.optimizer for part in parts], schedules

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute the losses of one part of an update, and make the update if Lightning does not."""
        part = batch_idx % self.settings.accumulate
        losses = self.method.step(batch, self._draws(part))
        total = (
            torch.stack([*losses.players.values()]).sum() if len(self.players) > 1 else losses.players[self.players[0]]
        )
        self.window.add(logged(losses, total))
        if not self.automatic_optimization:
            self._update_players(losses, last=part == self.settings.accumulate - 1)
        return total

    def _draws(self, part: int) -> Draws:
        """Return the numbers of this part; an update divided into parts sees the same ones as a whole batch."""
        num_parts = self.settings.accumulate
        return Draws.at(
            self.settings.seed,
            self.updates,
            device=self.device,
            rank=self.global_rank * num_parts + part,
            world_size=self.trainer.world_size * num_parts,
        )

    def _update_players(self, losses: Losses, *, last: bool) -> None:
        """Let every player descend its own loss; all gradients are taken before any weight moves."""
        optimizers = self.optimizers()
        assert isinstance(optimizers, list)
        for player, optimizer in zip(self.players, optimizers, strict=True):
            # Not ``backward``: Lightning's DDP expects one that reaches every weight.
            own = _weights(optimizer)
            loss = losses.players[player] / self.settings.accumulate
            gradients = torch.autograd.grad(loss, own, retain_graph=player != self.players[-1])
            for weight, gradient in zip(own, gradients, strict=True):
                if gradient.stride() != weight.stride():  # a fused optimiser on a GPU wants them alike
                    gradient = torch.empty_like(weight).copy_(gradient)
                weight.grad = gradient if weight.grad is None else weight.grad + gradient
        if last:
            for optimizer in optimizers:
                self._share_gradients(_weights(optimizer))
                if self.settings.clip_norm:
                    self.clip_gradients(optimizer.optimizer, self.settings.clip_norm, "norm")
                optimizer.step()
                optimizer.zero_grad()
            for configured in self.trainer.lr_scheduler_configs:
                configured.scheduler.step()  # type: ignore[call-arg]  # a plateau schedule is none of ours

    def _share_gradients(self, own: list[Tensor]) -> None:
        """Replace gradients by their means over all processes."""
        if self.trainer.world_size == 1:
            return
        gradients = [weight.grad for weight in own if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        shared = self.trainer.strategy.reduce(flat, reduce_op="mean")
        assert isinstance(shared, Tensor)
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, part in zip(gradients, torch.split(shared, sizes), strict=True):
            gradient.copy_(part.view_as(gradient))


def _weights(optimizer: LightningOptimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def logged(losses: Losses, total: Tensor) -> dict[str, Tensor]:
    """Return () values for the log: ``loss``, every player's own where there are several, and what the method adds."""
    own = {f"loss_{name}": loss for name, loss in losses.players.items()} if len(losses.players) > 1 else {}
    return {"loss": total, **own, **losses.log}
