import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from lessup.metrics.hole_error import hole_errors


def test_errors_equal_plain_loops_over_the_hole():
    generator = torch.Generator().manual_seed(0)
    image, filled = (torch.rand(3, 2, 5, 5, generator=generator) for _ in range(2))
    hole = torch.rand(3, 5, 5, generator=generator) < 0.4
    for sample, row in enumerate(hole_errors(filled, image, hole).tolist()):
        absolute, squared, count = 0.0, 0.0, 0
        for place in hole[sample].nonzero().tolist():
            for channel in range(2):
                difference = (filled - image)[sample, channel, place[0], place[1]].item()
                absolute, squared, count = absolute + abs(difference), squared + difference**2, count + 1
        wanted = [absolute / count, squared / count, 10 * math.log10(count / squared)]
        assert row == pytest.approx(wanted, rel=1e-5)


def test_psnr_of_a_whole_image_is_that_of_scikit_image():
    generator = torch.Generator().manual_seed(0)
    image, filled = (torch.rand(2, 3, 8, 8, generator=generator) for _ in range(2))
    ours = hole_errors(filled, image, torch.ones(2, 8, 8, dtype=torch.bool))[:, 2]
    for sample, value in enumerate(ours.tolist()):
        theirs = peak_signal_noise_ratio(image[sample].numpy(), filled[sample].numpy(), data_range=1.0)
        assert value == pytest.approx(theirs, rel=1e-5)


def test_what_lies_outside_the_hole_does_not_count_and_no_error_is_one_step_of_8_bits():
    image = torch.zeros(1, 1, 4, 4)
    filled = image.clone()
    filled[0, 0, 0, 0] = 1.0
    hole = torch.zeros(1, 4, 4, dtype=torch.bool)
    hole[0, 2, 2] = True
    errors = hole_errors(filled, image, hole)[0].tolist()
    assert errors == pytest.approx([0, 0, 20 * math.log10(255)])
