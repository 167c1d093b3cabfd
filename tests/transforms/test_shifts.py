import numpy as np
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.shifts import shifted


def test_images_are_those_of_numpys_reflected_padding():
    image = torch.rand(50, 2, 9, 16, generator=torch.Generator().manual_seed(0))
    found = shifted(image, Draws.at(1), shift=0.25, mirror=0.5)
    seen, turned = set(), 0
    for number in range(50):
        padded = np.pad(image[number].numpy(), ((0, 0), (2, 2), (4, 4)), mode="reflect")
        matches = [
            (down, across, mirror)
            for down in range(5)
            for across in range(9)
            for mirror in (False, True)
            if np.array_equal(_cut(padded, down, across, mirror), found[number].numpy())
        ]
        assert len(matches) == 1
        seen.add(matches[0][:2])
        turned += matches[0][2]
    assert len(seen) > 20
    assert 15 < turned < 35


def _cut(padded, down, across, mirror):
    cut = padded[:, down : down + 9, across : across + 16]
    return cut[:, :, ::-1] if mirror else cut


def test_digits_are_never_turned_and_no_shift_leaves_them():
    image = torch.rand(20, 1, 8, 8)
    assert shifted(image, Draws.at(0), shift=0.0, mirror=0.0).equal(image)
    assert shifted(image, Draws.at(0), shift=0.0, mirror=1.0).equal(image.flip(3))
