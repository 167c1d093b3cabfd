import torch

from lessup.transforms.colour import Jitter
from lessup.transforms.draws import Draws
from lessup.transforms.views import SimCLRViews, random_view, two_views


def images(batch=4, channels=3, height=40, width=50):
    image = torch.rand(batch, channels, height, width, generator=torch.Generator().manual_seed(0))
    extent = torch.tensor([[height, width], [30, 20]]).repeat(batch // 2, 1)
    for one, (high, wide) in zip(image, extent.tolist(), strict=True):
        one[:, high:] = 0
        one[:, :, wide:] = 0
    return image, extent


def test_two_views_differ_repeat_and_stay_in_range():
    image, extent = images()
    for views in (SimCLRViews(size=24), SimCLRViews.small(24)):
        first, second = two_views(image, extent, views, Draws.at(3, 1))
        assert first.shape == second.shape == (4, 3, 24, 24)
        assert min(first.min(), second.min()) >= 0
        assert max(first.max(), second.max()) <= 1
        assert (first - second).abs().mean() > 0.05
        again = two_views(image, extent, views, Draws.at(3, 1))
        assert again[0].equal(first)
        assert again[1].equal(second)


def test_two_processes_make_the_views_of_one():
    image, extent = images()
    views = SimCLRViews(size=16)
    whole = two_views(image, extent, views, Draws.at(0, 5))
    parts = []
    for rank in range(2):
        rows = slice(2 * rank, 2 * rank + 2)
        parts.append(two_views(image[rows], extent[rows], views, Draws.at(0, 5, rank=rank, world_size=2)))
    for number in range(2):
        torch.testing.assert_close(torch.cat([part[number] for part in parts]), whole[number])


def test_compiled_loops_give_the_pixels_of_the_batched_code():
    image, extent = images(6)
    for layout in (torch.contiguous_format, torch.channels_last):
        image = image.contiguous(memory_format=layout)
        views = SimCLRViews(size=40)
        batched = random_view(image.clone().requires_grad_(), extent, views, Draws.at(0)).detach()
        torch.testing.assert_close(random_view(image, extent, views, Draws.at(0)), batched, rtol=0, atol=3e-6)


def test_images_of_any_number_of_channels_give_views():
    for channels in (1, 4):
        image, extent = images(4, channels)
        assert random_view(image, extent, SimCLRViews(size=20), Draws.at(0)).shape == (4, channels, 20, 20)


def test_without_any_change_a_view_of_a_square_image_is_the_image():
    image = images(2, height=32, width=32)[0][:1]
    still = SimCLRViews(size=32, area=(1, 1), ratio=(1, 1), mirror=0, jitter=Jitter(share=0, grey=0), blur=0)
    torch.testing.assert_close(random_view(image, torch.tensor([[32, 32]]), still, Draws.at(0)), image)


def test_the_strengths_are_the_published_ones():
    views = SimCLRViews()
    assert (views.area, views.ratio, views.mirror) == ((0.08, 1.0), (3 / 4, 4 / 3), 0.5)
    jitter = views.jitter
    assert (jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue) == (0.8, 0.8, 0.8, 0.2)
    assert (jitter.share, jitter.grey, views.blur, views.sigma) == (0.8, 0.2, 0.5, (0.1, 2.0))
    assert int(views.reach * views.size) == 11  # a kernel of 23 pixels, a tenth of 224
