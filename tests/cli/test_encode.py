"""`lessup encode`, from a folder of photographs to a file, on a network trained for one step."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import pairwise

from lessup import data, features, verbs
from lessup.cli import main
from lessup.errors import DataError, UsageError
from lessup.verbs import trained


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "photos"
    rng = np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (folder / kind).mkdir(parents=True)
        for number in range(4):
            pixels = rng.integers(0, 256, (32, 40, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / kind / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "run"
    assert main(f"train autoencoder --data {photos} --out {run} --steps 1 --batch-size 2".split()) == 0
    return run


def test_file_holds_the_layer_of_every_image_with_names_and_classes(
    run: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "features.npz"
    words = ["encode", str(run), "--data", str(photos), "--out", str(out), "--layer", "conv2", "--device", "cpu"]
    capsys.readouterr()
    assert main(words) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err.strip().splitlines()[-1]) == ("", f"wrote {out}")
    samples, method = data.load(photos), verbs.load(run)[1]
    with np.load(out, allow_pickle=False) as found, torch.inference_mode():
        assert found["x"].dtype == np.float32
        wanted = [method.encode(samples.batch([index]), "conv2")[0].numpy() for index in range(8)]
        np.testing.assert_allclose(found["x"], wanted, rtol=1e-4, atol=1e-5)
        assert found["id"].tolist() == [f"{kind}/{number}.png" for kind in ("cat", "dog") for number in range(4)]
        assert found["label"].tolist() == [0] * 4 + [1] * 4
        assert found["classes"].tolist() == ["cat", "dog"]


def test_several_runs_stand_side_by_side_and_their_cosines_are_averaged(
    run: Path, photos: Path, tmp_path: Path
) -> None:
    other, out = tmp_path / "other", tmp_path / "features.npz"
    words = f"train autoencoder --data {photos} --out {other} --steps 1 --batch-size 2 --seed 1"
    assert main(words.split()) == 0
    parts = [verbs.encode(each, str(photos), tmp_path / f"{each.name}.npz") for each in (run, other)]
    assert main(["encode", str(run), str(other), "--data", str(photos), "--out", str(out)]) == 0
    first, second, both = (features.load(each) for each in (*parts, out))
    assert both.x.shape == (8, first.x.shape[1] + second.x.shape[1])
    assert (both.id == first.id).all()
    cosines = [pairwise.cosine_similarity(each.x.astype(np.float64)) for each in (first, second, both)]
    np.testing.assert_allclose(cosines[2], (cosines[0] + cosines[1]) / 2, atol=1e-6)
    assert not np.allclose(cosines[0], cosines[1], atol=1e-3), "two networks"


def test_runs_that_read_other_samples_are_not_joined(
    run: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = data.load(photos)
    read = iter([samples, samples.take(np.arange(4))])
    monkeypatch.setattr(trained, "load_like", lambda *_: next(read))
    with pytest.raises(DataError, match="reads other samples of photos than"):
        verbs.encode([run, run], "photos", tmp_path / "features.npz")
    with pytest.raises(UsageError, match="nothing encodes"):
        verbs.encode([], "photos", tmp_path / "features.npz")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layer", "fc9"], "no layer 'fc9': choose one of"),
        (["--data", "furniture"], "which furniture does not have"),
    ],
)
def test_what_cannot_be_encoded_is_one_line_and_leaves_nothing(
    words: list[str], said: str, run: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "features.npz"
    assert main(["encode", str(run), "--data", str(photos), "--out", str(out), *words]) == 2
    assert said in capsys.readouterr().err.strip().splitlines()[-1]
    assert not out.exists()
