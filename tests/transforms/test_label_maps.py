import numpy as np
import torch

from lessup.transforms.crops import crop_resize
from lessup.transforms.label_maps import crop_labels


def test_every_pixel_takes_the_number_under_its_centre():
    rng = np.random.default_rng(0)
    mask = torch.from_numpy(rng.integers(0, 9, (3, 11, 13)))
    box = torch.tensor([[2.0, 1.0, 9.5, 10.0], [12.0, 0.0, 1.0, 7.0], [-4.0, 3.0, 5.0, 20.0]])
    found = crop_labels(mask, box, (5, 6))
    for number, (left, top, right, bottom) in enumerate(box.tolist()):
        for row in range(5):
            for column in range(6):
                y = int(np.floor(top + (row + 0.5) * (bottom - top) / 5))
                x = int(np.floor(left + (column + 0.5) * (right - left) / 6))
                inside = 0 <= y < 11 and 0 <= x < 13
                assert found[number, row, column] == (mask[number, y, x] if inside else -1)


def test_labels_stay_with_the_pixels_that_are_cut_with_the_same_box():
    mask = torch.zeros(1, 8, 8, dtype=torch.int64)
    mask[:, :, :4] = 1
    box = torch.tensor([[8.0, 0.0, 0.0, 8.0]])
    assert crop_labels(mask, box, (8, 8)).float().equal(crop_resize(mask[None].float(), box, (8, 8))[0])
