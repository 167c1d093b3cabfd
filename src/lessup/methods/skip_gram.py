"""skip-gram: vectors of words from which the words near them in a text can be told.

Tomas Mikolov, Ilya Sutskever, Kai Chen, Greg Corrado, Jeff Dean, *Distributed Representations of Words and Phrases and
their Compositionality*, 2013, https://arxiv.org/abs/1310.4546, and its program word2vec.c, whose conventions are the
default: they differ from the paper, see ``SkipGramConfig.conventions``.

*Differs from the program:* texts are cut at 1000 words before they are thinned out, not after; the end of a line is no
word; the rate falls from update to update and not every 10,000 words; noise is drawn from its exact distribution; its
table of the sigmoid is looked up at 1000 / 12 entries a unit, where the program's integers make it 83.
Noise-contrastive estimation, which the program lacks, has a bias for every word, as in Mnih and Kavukcuoglu 2013, that
begins at the logarithm of its frequency.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from lessup.errors import DataError, UsageError
from lessup.formats.word_vectors import WordVectors
from lessup.methods import Losses, Method, Recipe
from lessup.optimization import Optimization
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.samples.splits import Folds
from lessup.samples.texts import Texts
from lessup.transforms.draws import Draws
from lessup.transforms.on_cpu import over_rows
from lessup.words.batch_gradients import Choices, gradients, shares_that_hold
from lessup.words.chances import Chances
from lessup.words.pairs import Pairs, word_pairs

LOWEST_RATE = 1e-4
"""Share of the learning rate at which its fall ends."""

REACH = 6.0
"""Score beyond which the program passes over a node."""


@dataclass(frozen=True, kw_only=True)
class SkipGramConfig:
    """The hyper-parameters, with the values of the program as defaults.

    Attributes:
        objective: what tells the word of a pair from others: ``negative-sampling``, ``nce`` (noise-contrastive
            estimation) or ``hierarchical-softmax``.
        dimension: D of the vectors.
        window: largest distance of two words that make a pair; each centre draws one from 1 to it.
        negatives: words of noise for each pair.
        noise_power: noise is drawn by counts to this power.
        threshold: frequency from which words are thinned out; 0 keeps all.
        conventions: of the ``program``: a word near the centre tells the centre, words are kept with sqrt(t/f) + t/f,
            noise that is the word itself is passed over, the sigmoid comes from a table that ends at 6, and nodes of
            the tree with scores beyond are passed over. Of the ``paper``: the centre tells the word near it, words are
            kept with sqrt(t/f), noise and sigmoid are what they are.
        rate: of learning; it falls linearly to a ten-thousandth.
        updates: ``sequence`` moves the vectors pair by pair, in compiled loops on all cores of a CPU; ``batch`` moves
            them once for all pairs of a batch; ``auto`` does the former on one process on a CPU.
        num_words: V, filled in from the data.
        num_bytes: of their spelling, filled in from the data.
    """

    objective: Literal["negative-sampling", "nce", "hierarchical-softmax"] = "negative-sampling"
    dimension: int = 100
    window: int = 5
    negatives: int = 5
    noise_power: float = 0.75
    threshold: float = 1e-3
    conventions: Literal["program", "paper"] = "program"
    rate: float = 0.025
    updates: Literal["auto", "sequence", "batch"] = "auto"
    num_words: int = 32
    num_bytes: int = 0


class SkipGram(Method):
    """Two vectors for every word, or one and another for every node of a tree.

    Attributes:
        first: (V, D) vectors of words, which are kept afterwards.
        second: (V, D), or (V - 1, D) of the nodes; 0 at first.
        bias: (V,) for ``nce`` alone.
        counts: (V,) int64, how often each word occurs.
        spelling: uint8, the words as UTF-8 with line ends between.
        updates: () int64, updates in sequence so far.
        num_updates: of the whole run, as ``optimizations`` was last told.
    """

    Config: ClassVar = SkipGramConfig
    paper: ClassVar = (
        "Tomas Mikolov, Ilya Sutskever, Kai Chen, Greg Corrado, Jeff Dean, Distributed Representations of Words and "
        "Phrases and their Compositionality, 2013, https://arxiv.org/abs/1310.4546"
    )
    reads: ClassVar = ("tokens",)
    fitted: ClassVar = ("counts", "spelling")
    config: SkipGramConfig
    counts: Tensor
    spelling: Tensor
    updates: Tensor

    def __init__(self, config: SkipGramConfig) -> None:
        super().__init__()
        if min(config.dimension, config.window, config.negatives) < 1 or config.threshold < 0 or config.rate <= 0:
            raise UsageError(
                f"a dimension of {config.dimension}, window {config.window}, {config.negatives} negatives, threshold "
                f"{config.threshold}, rate {config.rate}: wanted 1 or more of the first three, 0 or more, above 0"
            )
        self.config = config
        num, width = config.num_words, config.dimension
        tree = config.objective == "hierarchical-softmax"
        self.first = nn.Parameter((torch.rand(num, width) - 0.5) / width)
        self.second = nn.Parameter(torch.zeros(num - tree, width))
        self.bias = nn.Parameter(torch.zeros(num)) if config.objective == "nce" else None
        self.register_buffer("counts", torch.ones(num, dtype=torch.int64))
        self.register_buffer("spelling", torch.zeros(config.num_bytes, dtype=torch.uint8))
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))
        self.num_updates = 1

    @property
    def layers(self) -> tuple[str, ...]:
        """``words``, the mean of the vectors of the words of a text."""
        return ("words",)

    @property
    def words(self) -> tuple[str, ...]:
        """(V,) words, the commonest first."""
        return tuple(self.spelling.cpu().numpy().tobytes().decode().split("\n"))

    def word_vectors(self) -> WordVectors:
        """Return the words and their (V, D) vectors."""
        return WordVectors(self.words, self.first.detach().cpu().numpy())

    @classmethod
    def configured(cls, config: SkipGramConfig, samples: Samples) -> SkipGramConfig:
        """Return ``config`` with the size of the vocabulary."""
        if not isinstance(samples, Texts):
            return config
        words = samples.vocabulary.words
        return replace(config, num_words=len(words), num_bytes=len("\n".join(words).encode()))

    def check(self, samples: Samples) -> None:
        """Check that the numbers of the texts stand for the words that this network knows.

        Raises:
            DataError: they do not.
        """
        if isinstance(samples, Texts) and samples.vocabulary.words != self.words:
            raise DataError(
                f"the texts are numbered by {len(samples.vocabulary.words)} words, the network knows {len(self.words)} "
                "others: number them by its words first"
            )

    def begin(self, samples: Samples, seed: int) -> None:  # noqa: ARG002 - the vectors are drawn already
        """Take over the vocabulary."""
        assert isinstance(samples, Texts)
        known = samples.vocabulary
        self.counts.copy_(torch.from_numpy(known.counts))
        self.spelling.copy_(torch.frombuffer(bytearray("\n".join(known.words).encode()), dtype=torch.uint8))
        if self.bias is not None:
            self.bias.data.copy_(torch.log(self.counts / self.counts.sum()))

    @classmethod
    def example(cls, batch_size: int) -> Batch:
        """Return ``tokens`` (B, 24) int64 of 32 words in two sentences."""
        tokens = torch.randint(0, 32, (batch_size, 24))
        tokens[:, 12] = -1
        return {"tokens": tokens}

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Compute the loss of the pairs of words of some texts; in sequence, training has moved the vectors already.

        In a batch the gradient is that of the sum over the pairs, as if each of them took its own step from where all
        begin, but for vectors that take very many, see ``shares_that_hold``; the value is the mean.

        Args:
            batch: ``tokens`` (B, T) int64.
            draws: which words are kept, how far each looks, and the noise.

        Returns:
            the player ``words``, the mean over pairs; the log has ``pairs``, how many there are for a word of the text.
        """
        sequence = self.device.type == "cpu" and draws.world_size == 1
        if self.config.updates == "sequence" and not sequence:
            raise UsageError("--updates sequence: wanted one process on a CPU (--device cpu): pass --updates batch")
        tokens = batch["tokens"]
        own = self._in_sequence if sequence and self.config.updates != "batch" else self._in_batch
        loss, num_pairs = own(tokens, draws)
        return Losses({"words": loss}, {"pairs": num_pairs / (tokens >= 0).sum().clamp(min=1)})

    def encode(self, batch: Batch, layer: str | None = None) -> Tensor:
        """Return (B, D) means of the vectors of the words of each text; 0 of no words.

        Raises:
            UsageError: there is no such layer.
        """
        self.chosen(layer)
        known = batch["tokens"] >= 0
        start = known.sum(1).cumsum(0) - known.sum(1)
        means: Tensor = F.embedding_bag(batch["tokens"][known], self.first, start, mode="mean")
        return means

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return plain gradient descent at a rate that falls linearly; of updates in sequence it has nothing to do."""
        self.num_updates = num_steps
        descent = torch.optim.SGD(self.parameters(), self.config.rate)
        return {"words": Optimization(descent, LambdaLR(descent, self._share_of_rate))}

    def _share_of_rate(self, update: int) -> float:
        return max(1 - update / self.num_updates, LOWEST_RATE)

    @property
    def _num_negatives(self) -> int:
        return 0 if self.config.objective == "hierarchical-softmax" else self.config.negatives

    @cached_property
    def _chances(self) -> Chances:
        """What is drawn and asked; the counts are known for good before the first step."""
        return Chances.of(
            self.counts.cpu().numpy(),
            threshold=self.config.threshold,
            published=self.config.conventions == "paper",
            num_negatives=self._num_negatives,
            power=self.config.noise_power,
        )

    def _in_sequence(self, tokens: Tensor, draws: Draws) -> tuple[Tensor, int]:
        """Return the mean loss over the pairs, and their number; in training, every pair moves the vectors."""
        from lessup.words.skip_gram_kernels import learn_rows, rule

        config = self.config
        rate = config.rate * self._share_of_rate(int(self.updates)) if self.training else 0.0
        seed = draws.integers(0, 2**63 - 1, len(tokens)).numpy()
        loss, count = np.zeros(len(tokens)), np.zeros(len(tokens), np.int64)
        weights = [self.first, self.second, self.first.new_zeros(1) if self.bias is None else self.bias]
        first, second, bias = (weight.detach().numpy().reshape(-1) for weight in weights)
        asked = rule(
            self._chances,
            width=config.dimension,
            window=config.window,
            num_negatives=self._num_negatives,
            program=config.conventions == "program",
            nce=config.objective == "nce",
        )

        rows = (tokens.numpy(), seed, loss, count)
        over_rows(lambda *own: cast(Any, learn_rows)(*own, first, second, bias, rate, asked), *rows)
        if self.training:
            self.updates += 1
        mean = torch.tensor(loss.sum() / max(count.sum(), 1), dtype=torch.float32)
        return _Moved.apply(mean, self.first), int(count.sum())

    def _in_batch(self, tokens: Tensor, draws: Draws) -> tuple[Tensor, int]:
        """Return the mean loss over the pairs, with the gradient of their sum, and their number."""
        keep = torch.from_numpy(self._chances.keep).to(tokens.device)
        pairs = word_pairs(tokens, keep, self.config.window, draws)
        program, tree = self.config.conventions == "program", self._num_negatives == 0
        word, target = (pairs.near, pairs.centre) if program else (pairs.centre, pairs.near)
        pair, row, yes = self._nodes(target) if tree else self._choices(target, pairs, tokens, draws)
        asked, reach = Choices(word[pair], row, yes), REACH if tree and program else math.inf
        return self._led(asked, len(word), reach, draws.world_size), len(word)

    def _led(self, asked: Choices, num_pairs: int, reach: float, num_processes: int) -> Tensor:
        """Return the mean cost of pairs, whose gradients are those of the sum as far as vectors can follow them."""
        weights = [self.first, self.second]
        first, second = (weight.detach() for weight in weights)
        shift = None
        if self.bias is not None:
            weights.append(self.bias)
            shift = self.bias.detach() - torch.from_numpy(self._chances.log_noise).to(second.device)
        found = gradients(first, second, asked, shift=shift, reach=reach)
        rate = self.config.rate * num_processes  # they take the mean of their gradients
        of_first, of_second = shares_that_hold(first, second, asked, found, rate=rate)
        steps = [found.first * of_first[:, None], found.second * of_second[:, None], found.shift * of_second]
        mean: Tensor = found.loss / max(num_pairs, 1)
        led: Tensor = _Led.apply(mean, *weights, *(num_processes * step for step in steps[: len(weights)]))
        return led

    def _choices(self, target: Tensor, pairs: Pairs, tokens: Tensor, draws: Draws) -> tuple[Tensor, Tensor, Tensor]:
        """Return (N,) for all choices between a word and noise: the pair, the word asked about, whether it is it."""
        size = (len(tokens), tokens.shape[1] * 2 * self.config.window, self.config.negatives)
        chance, other = (torch.from_numpy(table).to(tokens.device) for table in self._chances.noise)
        place = draws.integers(0, len(chance), *size).flatten(0, 1)[pairs.slot]
        itself = draws.uniform(*size).flatten(0, 1)[pairs.slot] < chance[place]
        noise = place.where(itself, other[place])  # (P, negatives)
        row = torch.cat([target.unsqueeze(1), noise], 1)
        yes = torch.zeros_like(row, dtype=torch.bool)
        yes[:, 0] = True
        asked = yes | (row != target.unsqueeze(1)) if self.config.conventions == "program" else torch.ones_like(yes)
        return asked.nonzero()[:, 0], row[asked], yes[asked]

    def _nodes(self, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (N,) for all nodes on the ways to the words: the pair, the node, whether the bit is 0."""
        start, node, bit = (torch.from_numpy(table).to(target.device) for table in self._chances.codes)
        length = (start[1:] - start[:-1])[target]
        pair = torch.arange(len(target), device=target.device).repeat_interleave(length)
        within = torch.arange(len(pair), device=target.device) - (length.cumsum(0) - length)[pair]
        at = start[target][pair] + within
        return pair, node[at], bit[at] == 0


class _Led(torch.autograd.Function):
    """A loss whose gradients with regard to some weights are known: they stand behind the weights."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, *weights_and_gradients: Tensor) -> Tensor:
        ctx.save_for_backward(*weights_and_gradients[len(weights_and_gradients) // 2 :])
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        known = ctx.saved_tensors
        return None, *(gradient * one for one in known), *(None for _ in known)


class _Moved(torch.autograd.Function):
    """A loss whose step is made: it has no gradient, so that the optimiser leaves the weights alone."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, weight: Tensor) -> Tensor:  # noqa: ARG004 - torch's signature
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None]:  # noqa: ARG004 - torch's signature
        return None, None


def paper() -> Recipe:
    """Learn from a billion words with the settings of the paper's first table (NEG-5, t = 1e-5); not run.

    Command: ``lessup train skip-gram --data TEXT --out RUN --recipe paper``.
    """
    config = SkipGramConfig(dimension=300, threshold=1e-5, conventions="paper")
    return Recipe(config=config, training=Training(steps=4000, batch_size=256), folds=Folds(folds=1))


def gpu() -> Recipe:
    """Learn from 5.5 million words in five passes, 4,000 words at once; measured on a CPU alone.

    Command: ``lessup train skip-gram --data TEXT --out RUN --recipe gpu``. Larger batches take fewer steps from older
    vectors, and learn less of a small text.
    """
    config = SkipGramConfig(updates="batch")
    training = Training(steps=6800, batch_size=4, log_every=100)
    return Recipe(config=config, training=training, folds=Folds(folds=1))


def cpu() -> Recipe:
    """Learn from 5.5 million words, such as those of 40 novels, in five passes.

    Command: ``lessup train skip-gram --data TEXT --out RUN --recipe cpu``. A sample is a thousand words: another text
    wants ``--steps`` of passes x words / 64,000.
    """
    return Recipe(
        config=SkipGramConfig(), training=Training(steps=425, batch_size=64, log_every=5), folds=Folds(folds=1)
    )
