import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from lessup import data, verbs
from lessup.cli import main
from lessup.errors import DataError, UsageError
from lessup.methods.skip_gram import SkipGram, SkipGramConfig
from lessup.samples import Reading
from lessup.transforms.draws import Draws

OBJECTIVES = ("negative-sampling", "nce", "hierarchical-softmax")


def built(*, seed=0, counts=None, **changed) -> SkipGram:
    """A network whose second vectors are not 0."""
    torch.manual_seed(seed)
    method = SkipGram(SkipGramConfig(**({"dimension": 8, "num_words": 6} | changed)))
    torch.nn.init.normal_(method.first, std=0.5)
    torch.nn.init.normal_(method.second, std=0.5)
    method.counts.copy_(torch.tensor([400, 300, 200, 50, 30, 20] if counts is None else counts))
    return method


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def novel(tmp_path):
    """Words of two topics, a topic a line; function words are everywhere."""
    rng = np.random.default_rng(0)
    topics = [["sea", "ship", "sail", "wave"], ["king", "queen", "crown", "throne"]]
    lines = [" ".join(rng.choice([*topics[line % 2], "the", "and"], 12)) for line in range(600)]
    (tmp_path / "novel.txt").write_text("\n".join(lines))
    return tmp_path / "novel.txt"


@pytest.mark.parametrize("conventions", ["program", "paper"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_batch_has_the_gradient_that_loops_follow_in_small_steps(objective, conventions):
    same = {"window": 1, "threshold": 0.0, "noise_power": 60.0}  # one window, all kept, noise is always word 0
    rate, tokens = 1e-4, torch.tensor([[3, 1, 4, 0, -1, 5, 2, 1], [2, 3, -1, 5, 1, 0, 4, 3]])
    loops, batch = (
        built(objective=objective, conventions=conventions, rate=rate, updates=updates, **same)
        for updates in ("sequence", "batch")
    )
    batch.load_state_dict(loops.state_dict())
    before = {name: weight.clone() for name, weight in loops.named_parameters()}
    found = loops.train().step({"tokens": tokens}, Draws.at(0))
    plain = batch.train().step({"tokens": tokens}, Draws.at(0))
    assert found.players["words"].item() == pytest.approx(plain.players["words"].item(), rel=1e-2)
    assert found.log["pairs"] == plain.log["pairs"] == pytest.approx(20 / 14)
    plain.players["words"].backward()
    for name, weight in batch.named_parameters():
        moved = (before[name] - dict(loops.named_parameters())[name].detach()) / rate
        torch.testing.assert_close(moved, weight.grad, rtol=3e-2, atol=3e-2)


def test_the_loss_of_a_batch_is_the_mean_over_its_pairs_by_loops_in_float64():
    method = built(updates="batch", window=1, threshold=0.0, noise_power=60.0, conventions="paper")
    tokens = torch.tensor([[3, 1, 4]])
    first, second = method.first.detach().double(), method.second.detach().double()
    costs = []
    for centre, near in ((3, 1), (1, 3), (1, 4), (4, 1)):
        score = first[centre] @ second[near]
        noise = first[centre] @ second[0]
        costs.append(-torch.log(torch.sigmoid(score)) - 5 * torch.log(torch.sigmoid(-noise)))
    loss = method.step({"tokens": tokens}, Draws.at(0)).players["words"]
    assert loss.item() == pytest.approx(torch.stack(costs).mean().item(), rel=1e-5)


def test_a_vector_that_is_taken_very_often_goes_as_far_as_its_logistic_regression_bears():
    method = built(updates="batch", window=1, threshold=0.0, noise_power=60.0, conventions="paper")
    tokens = torch.tensor([[1, 2] * 600])  # each stands in 1199 pairs of 6 choices; all noise is word 0
    method.step({"tokens": tokens}, Draws.at(0)).players["words"].backward()
    first, second = method.first.detach().double(), method.second.detach().double()
    yes, no = torch.sigmoid(first[1] @ second[2]), torch.sigmoid(first[1] @ second[0])
    of_a_pair = (yes - 1) * second[2] + 5 * no * second[0]
    bend = ((of_a_pair @ second[2]) ** 2 + 5 * (of_a_pair @ second[0]) ** 2) / 4  # of a pair; their number cancels
    wanted = of_a_pair * (of_a_pair @ of_a_pair) / (2 * 0.025 * bend)
    torch.testing.assert_close(method.first.grad[1].double(), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_large_batches_never_lead_away(objective):
    method = built(objective=objective, updates="batch", threshold=0.0, conventions="paper").train()
    (optimization,) = method.optimizations(1000).values()
    tokens = torch.randint(0, 6, (10, 1000), generator=torch.Generator().manual_seed(0))
    losses = []
    for _ in range(40):
        loss = method.step({"tokens": tokens}, Draws.at(0)).players["words"]
        optimization.optimizer.zero_grad()
        loss.backward()
        optimization.optimizer.step()
        losses.append(loss.item())
    assert all(after < before + 1e-3 for before, after in itertools.pairwise(losses)), losses
    assert losses[-1] < losses[0] - 0.05


def test_processes_together_have_the_gradient_of_one():
    method = built(updates="batch", threshold=0.0, window=1, rate=1e-3)  # at which no vector is held back
    tokens = torch.randint(0, 6, (4, 7))
    whole = torch.autograd.grad(method.step({"tokens": tokens}, Draws.at(3)).players["words"], method.first)[0]
    parts = [
        torch.autograd.grad(
            method.step({"tokens": tokens[2 * rank : 2 * rank + 2]}, Draws.at(3, rank=rank, world_size=2)).players[
                "words"
            ],
            method.first,
        )[0]
        for rank in range(2)
    ]
    torch.testing.assert_close(torch.stack(parts).mean(0), whole, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("threads", [1, 2])
def test_in_sequence_the_loss_falls_and_the_optimiser_has_nothing_to_do(objective, threads, one_thread):
    torch.set_num_threads(threads)
    method = built(objective=objective, rate=0.05, threshold=0.0, window=1).train()
    (optimization,) = method.optimizations(100).values()
    batch = {"tokens": torch.arange(3).repeat_interleave(100).reshape(3, 100) * 2 + torch.arange(100) % 2}
    losses = []
    for step in range(30):
        loss = method.step(batch, Draws.at(0, step)).players["words"]
        loss.backward()
        assert all(weight.grad is None for weight in method.parameters())
        before = method.first.clone()
        optimization.optimizer.step()
        assert method.first.equal(before)
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_the_rate_falls_with_the_updates():
    moved = []
    for update in (0, 9, 50):
        method = built(rate=1e-3, threshold=0.0).train()
        method.optimizations(10)
        method.updates.fill_(update)
        before = method.first.detach().clone()
        method.step({"tokens": torch.tensor([[0, 1]])}, Draws.at(0))
        moved.append((method.first.detach() - before).norm().item())
    assert moved[1] / moved[0] == pytest.approx(0.1, rel=1e-2)
    assert moved[2] / moved[0] == pytest.approx(1e-4, abs=2e-4)
    schedule = built(rate=0.5).optimizations(10)["words"].schedule
    for _ in range(9):
        schedule.optimizer.step()
        schedule.step()
    assert schedule.get_last_lr() == pytest.approx([0.05])


def test_looking_moves_nothing_and_repeats():
    method = built().eval()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    losses = {method.step({"tokens": torch.tensor([[0, 1, 2, 3]])}, Draws.at(4)).players["words"].item() for _ in "ab"}
    assert len(losses) == 1
    assert all(value.equal(before[name]) for name, value in method.state_dict().items())


def test_a_text_is_the_mean_of_its_words():
    method = built().eval()
    tokens = torch.tensor([[2, -1, 5, 5], [-1, -1, -1, -1]])
    found = method.encode({"tokens": tokens})
    torch.testing.assert_close(found[0], (method.first[2] + 2 * method.first[5]) / 3)
    assert not found[1].any()


def test_a_run_knows_its_words_again_and_repeats_on_one_thread(novel, tmp_path, one_thread):
    settings = verbs.settings("skip-gram", str(novel), config={"dimension": 16, "threshold": 0.0})
    settings = replace(settings, training=replace(settings.training, steps=40, batch_size=4))
    texts = data.load(novel)
    found = []
    for out in ("a", "b"):
        verbs.train(settings, tmp_path / out)
        vectors = verbs.load(tmp_path / out)[1].word_vectors()
        assert vectors.words == texts.vocabulary.words
        found.append(vectors.vectors)
    assert (found[0] == found[1]).all()
    unit = found[0] / np.linalg.norm(found[0], axis=1, keepdims=True)
    near = {one: unit[vectors.place[one]] @ unit[vectors.place["sea"]] for one in ("ship", "wave", "king", "throne")}
    assert min(near["ship"], near["wave"]) > max(near["king"], near["throne"])


def test_numbers_that_stand_for_other_words_are_refused(novel, tmp_path):
    texts = data.load(novel)
    method = SkipGram(SkipGram.configured(SkipGramConfig(), texts))
    method.begin(texts, 0)
    method.check(texts)
    (tmp_path / "other.txt").write_text("one two one two " * 10)
    with pytest.raises(DataError, match="others"):
        method.check(data.load(tmp_path / "other.txt"))


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="window 0"):
        SkipGram(SkipGramConfig(window=0))
    with pytest.raises(UsageError, match="one process on a CPU"):
        built(updates="sequence").step({"tokens": torch.tensor([[0, 1]])}, Draws.at(0, world_size=2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"word", "1 different words, of which 0 occur 5 times or more; wanted two"),
        (b"one " * 20, "1 different words, of which 1 occur 5 times or more; wanted two"),
        (b"a b c d e f", "6 different words, of which 0 occur 5 times or more; wanted two"),
        (b"caf\xe9 " * 20, "not text in UTF-8"),
        (b"", "no words"),
    ],
)
def test_texts_that_teach_nothing_are_refused_before_training(content, message, tmp_path, capsys):
    (tmp_path / "text.txt").write_bytes(content)
    assert main(["train", "skip-gram", "--data", str(tmp_path / "text.txt"), "--out", str(tmp_path / "run")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_text_from_which_all_words_are_thinned_out_has_a_loss_of_0():
    method = built(threshold=1e-12)
    losses = method.train().step({"tokens": torch.tensor([[0, 1, 0, 1]])}, Draws.at(0))
    assert losses.players["words"] == 0


def test_reading_as_said_keeps_rare_words(novel):
    assert len(data.load(novel, Reading(min_count=1)).vocabulary.words) == 10
