import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_images import ToyEncoder, discs

from lessup import data
from lessup.errors import DataError
from lessup.evaluation.omniglot_runs import OmniglotRuns
from lessup.samples.splits import Split

sys.path.insert(0, str(Path(__file__).parent.parent / "data"))

from test_omniglot_runs import runs_archive


class Pixels(ToyEncoder):
    """Encodes an image as a small picture of itself."""

    def encode(self, batch, layer=None):
        return torch.nn.functional.adaptive_avg_pool2d(batch["image"], 15).flatten(1)

    def encode_layers(self, batch, layers):
        return {layer: self.encode(batch, layer) for layer in layers}


def measured(images, **changed):
    method = Pixels(Pixels.Config(channels=images.channels)).eval()
    nothing = images.take(np.arange(0))
    return OmniglotRuns(OmniglotRuns.Config(**changed)).measure(method, Split(nothing, nothing, images))


@pytest.mark.parametrize(("way", "wrong"), [(4, 0), (4, 1), (5, 2)])
def test_error_is_the_share_of_drawings_that_look_like_another_class(tmp_path, monkeypatch, way, wrong):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    runs_archive(tmp_path / "all_runs.zip", num_runs=3, way=way, wrong=wrong)
    result = measured(data.load(tmp_path / "all_runs.zip"))
    assert list(result.rows) == ["chance", "pixels", "hausdorff", "random", "model"]
    assert result.rows["chance"]["error"].mean == pytest.approx(100 - 100 / way)
    for row in ("pixels", "hausdorff", "model"):
        assert result.rows[row]["error"].mean == pytest.approx(100 * wrong / way)
        assert result.rows[row]["error"].n == 3
        assert result.rows[row]["error/run02"].mean == pytest.approx(100 * wrong / way)
    assert result.notes == (f"3 runs of {3 * 2 * way} drawings",)


def test_other_data_is_refused():
    with pytest.raises(DataError, match=r"wanted Omniglot's one-shot runs: pass --data all_runs\.zip"):
        measured(discs())
