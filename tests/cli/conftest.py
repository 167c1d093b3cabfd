"""A folder of small photographs of two classes, and what two short trainings on it leave."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.cli import main


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve noisy images of each of two colours."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("photos") / "photos"
    for name, colour in (("red", (150, 90, 90)), ("blue", (90, 90, 150))):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            pixels = np.clip(rng.normal(colour, 60, (48, 48, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def trained_runs(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Run folders of two methods that learnt for two steps."""
    folder = tmp_path_factory.mktemp("runs")
    runs = folder / "autoencoder", folder / "context"
    for method, out in zip(("autoencoder", "context-prediction"), runs, strict=True):
        words = ["--data", str(photos), "--out", str(out), "--steps", "2", "--batch-size", "4", "--device", "cpu"]
        assert main(["train", method, *words]) == 0
    return runs
