"""`lessup shard` packs a folder that other commands then read."""

import json

import numpy as np
import pytest
from PIL import Image

from lessup import data as sources
from lessup.cli import main
from lessup.samples import Reading


@pytest.fixture
def photos(tmp_path):
    generator = np.random.default_rng(0)
    for number in range(12):
        path = tmp_path / "photos" / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (24, 24, 3)).astype(np.uint8)).save(path)
    return tmp_path / "photos"


def test_the_packed_folder_gives_the_same_samples(photos, tmp_path, capsys):
    out = tmp_path / "shards"
    assert main(["shard", str(photos), "--out", str(out), "--megabytes", "0.01", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert done["files"] == 12
    assert done["written"] == done["shards"] > 1
    before, after = (sources.load(str(place), Reading()) for place in (photos, out))
    assert after.id.tolist() == before.id.tolist()
    assert after.classes == before.classes
    assert after.label.tolist() == before.label.tolist()
    assert all((after.pixels[n] == before.pixels[n]).all() for n in range(12))
    assert main(["shard", str(photos), "--out", str(out), "--megabytes", "0.01"]) == 0
    assert "0 of them new" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--out", "{}/photos/in"], "would be packed into itself"),
        (["--out", "{}/photos"], "holds something else already"),
        (["--out", "{}/new", "--megabytes", "0"], "--megabytes 0: wanted above 0"),
    ],
)
def test_what_cannot_be_done_is_refused(photos, tmp_path, capsys, more, message):
    assert main(["shard", str(photos), *(word.format(tmp_path) for word in more)]) == 2
    assert message in capsys.readouterr().err


def test_archives_of_another_plan_are_not_mixed_in(photos, tmp_path, capsys):
    out = str(tmp_path / "shards")
    assert main(["shard", str(photos), "--out", out, "--megabytes", "0.005"]) == 0
    assert main(["shard", str(photos), "--out", out, "--megabytes", "1"]) == 2
    assert "which is none of the 1 archives" in capsys.readouterr().err
