"""`lessup discover answers`: answers to questions about images, with what in question and image speaks for them."""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import track
from scipy.special import softmax

from lessup import data as sources
from lessup.errors import DataError, RunError, UsageError
from lessup.features import encode_all
from lessup.formats.questions import Question, images_of, read_questions
from lessup.formats.words import words
from lessup.masks.answers import Answerer, Floats, bags, learnt_answerer, most_frequent, vocabulary
from lessup.masks.boxes import Scale
from lessup.masks.deep_features import LAYER, named_network, with_weights
from lessup.masks.file_names import stems
from lessup.masks.image_maps import image_maps
from lessup.masks.overlays import enlarged, heated, photograph, times
from lessup.methods.cam import CAM
from lessup.report import png
from lessup.report.contact_sheet import Tile, contact_sheet
from lessup.runs.files import is_occupied, write_json, write_whole
from lessup.runs.provenance import provenance
from lessup.samples import Reading
from lessup.samples.images import Images
from lessup.samples.splits import Folds, split
from lessup.training.modes import batch_on
from lessup.verbs.left_out import say, say_left_out

RECORD = "answers.json"

ROWS = ("words_and_image", "words", "image", "most_frequent")
"""What is measured: the answerer, its parts alone, and the answer that most questions have."""

STRONGEST = 3
"""Words of a question that the table names, at most."""

SHOWN, PER_ROW = 12, 7
"""Images in ``sheet.png``, and questions about each, at most."""

BATCH = 8
"""Images looked at at once: each has a map for every question about it."""

LEAST = 224
"""Pixels on the short side of a picture; those of smaller images are repeated."""

HELD_OUT, ASKED, LEARNT = PARTS = ("held out", "asked", "learnt from")
"""What a question is for: measured on, without a known answer, or learnt from."""

COLUMNS = (
    *("image", "question", "answer", "probability", "score", "of_words", "of_image", "bias"),
    *("strongest", "known", "part", "overlay"),
)
"""Of ``answers.csv``; ``of_words``, ``of_image`` and ``bias`` add up to ``score``."""


@dataclass(frozen=True, kw_only=True)
class AnswersConfig:
    """How a question answerer learns and shows.

    Attributes:
        backbone: network whose last map is pooled and read.
        weights: file, run folder or ``imagenet``, from which its weights are loaded; empty for random ones.
        answers: how many of the most frequent ones can be given.
        least: questions that are learnt from in which a word must be to be known.
        image_share: how much the image weighs beside the words, from 0 to 1; see ``learnt_answerer``.
        folds: into how many parts the images are dealt, one of which is held out; 1 holds none out.
        fold: number of the part.
        official: hold out the data's own test part where it has one, in place of a fold.
        scale: whether 0 of a map is no evidence for the answer (``maximum``) or its least value (``range``).
        seed: of weights where none are loaded.
    """

    backbone: str = "efficientnet-lite0"
    weights: str = "imagenet"
    answers: int = 1000
    least: int = 2
    image_share: float = 0.5
    folds: int = 4
    fold: int = 0
    official: bool = True
    scale: Scale = "maximum"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _Asked:
    """N questions about M images, of which each is about one.

    Attributes:
        lines: the questions.
        image: (N,) int64 number of the image.
        part: (N,) int64 place in ``PARTS``.
        words: those that are known.
        answers: (K,), those that can be given.
        label: (N,) int64 the true one, -1 where it is none of them.
    """

    lines: tuple[Question, ...]
    image: NDArray[np.int64]
    part: NDArray[np.int64]
    words: tuple[str, ...]
    answers: tuple[str, ...]
    label: NDArray[np.int64]

    def of_part(self, name: str) -> NDArray[np.bool_]:
        """Return (N,) which questions are for something."""
        chosen: NDArray[np.bool_] = self.part == PARTS.index(name)
        return chosen

    @property
    def learnt(self) -> NDArray[np.bool_]:
        """(N,) those learnt from: answers that are too rare to be given teach nothing."""
        return self.of_part(LEARNT) & (self.label >= 0)


@dataclass(frozen=True, eq=False)
class _Shares:
    """What speaks for the answer of each of N questions: words, image and bias add up to the score.

    Attributes:
        answer: (N,) int64.
        probability: (N,).
        score: (N,).
        words: (N, W), 0 where the question has not the word.
        image: (N,), the mean of the answer's map.
        bias: (N,).
    """

    answer: NDArray[np.int64]
    probability: Floats
    score: Floats
    words: Floats
    image: Floats
    bias: Floats


def discover_answers(
    data: str,
    out: str | Path,
    questions: str | Path,
    *,
    config: AnswersConfig | None = None,
    reading: Reading | None = None,
    device: str = "cpu",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Learn to answer questions about images, answer all of them, and show what speaks for each answer.

    Args:
        data: path or name of the images.
        out: folder to write ``answers.csv``, ``answers.json``, ``sheet.png`` and ``overlays/`` to.
        questions: table of image, question and answer, see ``read_questions``.
        config: how.
        reading: how the data is read.
        device: where to compute.
        overwrite: write into a folder that holds files.

    Returns:
        The content of ``answers.json``: how many questions there are of each of the ``parts``, how many ``words`` and
        ``answers`` are known, how many questions have no known word or to learn from an answer that is ``too_rare``,
        and for all ``held_out`` questions, None where there are none, and ``by_first_word``, what percent of them is
        answered right by each of ``ROWS``; an answer that cannot be given counts as wrong.

    Raises:
        UsageError: a setting is out of range.
        DataError: the data is no images, a question is about none of them, or there are not two answers to learn.
        RunError: the folder holds files, or cannot be written.
    """
    config, out, table = config or AnswersConfig(), Path(out), Path(questions)
    _check(config, out, overwrite=overwrite)
    asked, images = _asked(read_questions(table), _images(data, reading or Reading()), table.name, config)
    network = named_network(
        config.backbone, config.weights, images, len(asked.answers), seed=config.seed, device=device
    )
    bag = bags([one.text for one in asked.lines], asked.words)
    features = encode_all(network, images, layer=LAYER)[asked.image]
    answerer, told = _learnt(asked, bag, features, images.families()[asked.image], config.image_share)
    scores = answerer.scores(bag, features)
    files = _overlays(with_weights(network, answerer.of_image), images, asked, scores.argmax(1), out, config.scale)
    shares = _shares(answerer, bag, features, scores)
    write_whole(out / "answers.csv", _table(images, asked, shares, files).encode())
    write_whole(out / "sheet.png", png.encoded(_sheet(images, asked, shares, files, out)))
    record = {
        **{"data": data, "questions": str(table), "settings": asdict(config), "images": len(images)},
        **{**_counts(asked, bag), "decay": answerer.of_image.strength, **told, **provenance()},
    }
    write_json(out / RECORD, record)
    return record


def _check(config: AnswersConfig, out: Path, *, overwrite: bool) -> None:
    if config.answers < 2 or config.least < 1 or not 0 <= config.image_share <= 1:
        raise UsageError("wanted --answers of 2 or more, --least of 1 or more and an --image-share from 0 to 1")
    if is_occupied(out) and not overwrite:
        raise RunError(f"{out} holds something already: pass another --out or --overwrite (nothing was written)")


def _images(data: str, reading: Reading) -> Images:
    images = sources.load(data, reading)
    say_left_out(images, data)
    if not isinstance(images, Images):
        raise DataError(f"{data} holds no images: questions are about images")
    return images


def _asked(lines: Sequence[Question], images: Images, file: str, config: AnswersConfig) -> tuple[_Asked, Images]:
    """Part the questions, and return the images that they are about."""
    broken = {part for one in images.damage if one.skipped for part in (one.name, one.name.rpartition("/")[2])}
    broken -= set(images.id.tolist())
    kept = tuple(one for one in lines if one.image not in broken)
    say(f"{len(lines) - len(kept)} questions are about images that cannot be read" if len(kept) < len(lines) else "")
    number = np.array(images_of(kept, images.id.tolist(), file), np.int64)
    given = np.array([one.answer for one in kept], object)
    part = _parts(images, number, given != "", file, config)
    learnt = part == PARTS.index(LEARNT)
    answers = most_frequent(given[learnt].tolist(), config.answers)
    if len(answers) < 2:
        raise DataError(
            f"{file}: all {learnt.sum()} questions to learn from have the answer {answers[0]!r}: wanted two different "
            "answers or more, so add questions with another one"
            if answers
            else f"{file}: all answered questions are about the test part of the data: pass --no-official"
        )
    place = {answer: number for number, answer in enumerate(answers)}
    label = np.array([place.get(one, -1) for one in given.tolist()], np.int64)
    known = vocabulary([one.text for one, is_learnt in zip(kept, learnt, strict=True) if is_learnt], config.least)
    used, image = np.unique(number, return_inverse=True)
    return _Asked(kept, image, part, known, answers, label), images.take(used)


def _parts(
    images: Images, number: NDArray[np.int64], answered: NDArray[np.bool_], file: str, config: AnswersConfig
) -> NDArray[np.int64]:
    """Return (N,) places in ``PARTS``; all answered questions about an image, and about its copies, are in one part."""
    if not answered.any():
        raise DataError(
            f"no line of {file} has an answer: fill in the column answer for some, about {config.folds} images or more"
        )
    about = images.take(np.unique(number[answered]))
    folds = Folds(folds=config.folds, fold=config.fold, official=config.official)
    test = split(replace(about, label=np.full(len(about), -1), tags=None), folds).test
    held_out = np.isin(images.id[number], test.id)
    return np.where(answered, np.where(held_out, PARTS.index(HELD_OUT), PARTS.index(LEARNT)), PARTS.index(ASKED))


def _counts(asked: _Asked, bag: Floats) -> dict[str, Any]:
    strange = int((~bag.any(1)).sum())
    say(f"{strange} questions have no known word: the image alone answers them" if strange else "")
    return {
        "parts": {name: int(asked.of_part(name).sum()) for name in PARTS},
        "words": len(asked.words),
        "without_known_words": strange,
        "answers": len(asked.answers),
        "too_rare": int((asked.of_part(LEARNT) & (asked.label < 0)).sum()),
    }


def _learnt(
    asked: _Asked, bag: Floats, features: Floats, family: NDArray[np.int64], image_share: float
) -> tuple[Answerer, dict[str, Any]]:
    """Return what words and image together taught, and what is told of it beside each of them alone."""
    known, held_out = asked.learnt, asked.of_part(HELD_OUT)
    answerers = [
        learnt_answerer(
            bag[known], features[known], asked.label[known], family[known], asked.answers, image_share=share
        )
        for share in (image_share, 0.0, 1.0)
    ]
    told = [one.scores(bag[held_out], features[held_out]).argmax(1) for one in answerers]
    told.append(np.zeros(held_out.sum(), np.int64))  # answers are sorted by how frequent they are
    right = {row: given == asked.label[held_out] for row, given in zip(ROWS, told, strict=True)}
    first = np.array([words(one.text)[0] for one in asked.lines], object)[held_out]
    return answerers[0], {
        "held_out": _percent(right, np.ones(len(first), bool)) if len(first) else None,
        "by_first_word": {word: _percent(right, first == word) for word in sorted(set(first.tolist()))},
    }


def _percent(right: dict[str, NDArray[np.bool_]], of: NDArray[np.bool_]) -> dict[str, Any]:
    return {"questions": int(of.sum()), **{row: round(100 * float(own[of].mean()), 1) for row, own in right.items()}}


def _shares(answerer: Answerer, bag: Floats, features: Floats, scores: Floats) -> _Shares:
    answer = scores.argmax(1)
    rows = np.arange(len(answer))
    layer = answerer.of_image
    return _Shares(
        answer=answer,
        probability=softmax(scores, axis=1)[rows, answer],
        score=scores[rows, answer],
        words=bag * answerer.of_words[answer],
        image=np.einsum("nd,nd->n", features, layer.weight[answer]),
        bias=layer.bias[answer],
    )


def _overlays(
    network: CAM, images: Images, asked: _Asked, answer: NDArray[np.int64], out: Path, scale: Scale
) -> list[str]:
    """Write a picture of each question's evidence map, and return where they are in the folder."""
    files = [""] * len(answer)
    names = stems(images.id.tolist())
    own = [np.flatnonzero(asked.image == index) for index in range(len(images))]
    most = max(map(len, own))
    starts = range(0, len(images), BATCH)
    for start in track(starts, "explain", console=Console(stderr=True), disable=not sys.stderr.isatty()):
        some = np.arange(start, min(start + BATCH, len(images)))
        padded = torch.tensor([np.resize(answer[own[index]], most).tolist() for index in some.tolist()])
        maps = image_maps(network, batch_on(network.device, images, some), padded.to(network.device), scale=scale)
        for index, of_image in zip(some.tolist(), maps, strict=True):
            for place, score_map in zip(own[index].tolist(), of_image, strict=False):
                files[place] = f"overlays/{names[index]}.{asked.lines[place].line}.png"
                photo = heated(photograph(images.pixels[index]), score_map)
                write_whole(out / files[place], png.encoded(enlarged(photo, times(score_map.shape, LEAST))))
    return files


def _table(images: Images, asked: _Asked, shares: _Shares, files: Sequence[str]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row, one in enumerate(asked.lines):
        order = np.argsort(-np.abs(shares.words[row]), kind="stable")[:STRONGEST].tolist()
        strongest = [f"{asked.words[word]} {shares.words[row, word]:+.2f}" for word in order if shares.words[row, word]]
        numbers = (shares.probability, shares.score, shares.words.sum(1), shares.image, shares.bias)
        writer.writerow(
            (
                *(images.id[asked.image[row]], one.text, asked.answers[shares.answer[row]]),
                *(round(float(each[row]), 4) for each in numbers),
                *("; ".join(strongest), one.answer, PARTS[asked.part[row]], files[row]),
            )
        )
    return buffer.getvalue()


def _sheet(images: Images, asked: _Asked, shares: _Shares, files: Sequence[str], out: Path) -> NDArray[np.uint8]:
    """Draw a row an image: itself, then the map of each of its questions; images not learnt from come first."""
    first = [int(asked.part[asked.image == index].min()) for index in range(len(images))]
    rows = []
    for index in np.argsort(first, kind="stable")[:SHOWN].tolist():
        row = [Tile(photograph(images.pixels[index]), (images.id[index], PARTS[first[index]]))]
        for place in np.flatnonzero(asked.image == index)[:PER_ROW].tolist():
            one, answer = asked.lines[place], asked.answers[shares.answer[place]]
            said = f"{answer}, {shares.probability[place]:.0%}" + (f" (is {one.answer})" if one.answer else "")
            with Image.open(out / files[place]) as picture:
                row.append(Tile(np.asarray(picture.convert("RGB")), (one.text, said)))
        rows.append(row)
    return contact_sheet(rows)
