import io
from dataclasses import replace

import numpy as np
from PIL import Image
from toy_colours import things

from lessup.data.image_table import load
from lessup.masks.mask_files import LEAST, index_png, write_masks
from lessup.masks.overlays import colour, painted
from lessup.samples import Reading


def truth(images):
    return [images.masks[index][..., 0] for index in range(len(images))]


def test_masks_hold_numbers_that_show_in_the_colours_of_their_classes(tmp_path):
    images = things(4)
    write_masks(tmp_path, images, truth(images))
    assert (tmp_path / "labels.txt").read_text() == "background\nred\ngreen\nblue\n"
    for index, labels in enumerate(truth(images)):
        picture = Image.open(tmp_path / "masks" / f"{index:02d}.png")
        assert (np.asarray(picture) == labels).all()
        shown = np.asarray(picture.convert("RGB"))
        assert (shown[labels == 0] == 0).all()
        assert (shown[labels > 0] == colour(1 + index % 3)).all()
        overlay = np.asarray(Image.open(tmp_path / "overlays" / f"{index:02d}.jpg")).astype(int)
        number = overlay.shape[0] // labels.shape[0]
        assert min(overlay.shape[:2]) >= LEAST
        wanted = painted(images.pixels[index], labels.astype(int))
        assert np.abs(overlay.reshape(-1, number, *overlay.shape[1:])[:, 0][:, ::number] - wanted).mean() < 20


def test_masks_have_the_size_of_the_files_where_images_were_reduced(tmp_path):
    images = things(1)
    larger = replace(images, original=2 * images.pixels.extent)
    write_masks(tmp_path, larger, truth(images), overlays=False)
    mask = np.asarray(Image.open(tmp_path / "masks" / "00.png"))
    assert (mask == truth(images)[0].repeat(2, 0).repeat(2, 1)).all()
    assert not (tmp_path / "overlays").exists()


def test_classes_are_counted_by_images_and_by_their_share_of_the_pixels(tmp_path):
    images = things(2)
    maps = [np.zeros(extent, np.uint8) for extent in images.pixels.extent.tolist()]
    maps[0][: len(maps[0]) // 2] = 2
    counts = write_masks(tmp_path, images, maps, overlays=False)
    half = (len(maps[0]) // 2) / len(maps[0])
    assert counts["background"] == {"images": 2, "share": round(1 - half / 2, 6)}
    assert counts["green"] == {"images": 1, "share": round(half / 2, 6)}
    assert counts["red"] == {"images": 0, "share": 0}


def test_beside_images_and_a_table_the_masks_are_data_again(tmp_path):
    images = things(3)
    write_masks(tmp_path, images, truth(images), overlays=False)
    (tmp_path / "images").mkdir()
    for index in range(3):
        Image.fromarray(images.pixels[index]).save(tmp_path / "images" / images.id[index])
    (tmp_path / "tags.csv").write_text("image,tags\n" + "".join(f"{name},red | blue\n" for name in images.id))
    again = load(tmp_path, Reading())
    assert again.classes == images.classes
    for index in range(3):
        assert (again.masks[index] == images.masks[index]).all()


def test_all_numbers_of_a_byte_survive():
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (np.asarray(Image.open(io.BytesIO(index_png(labels)))) == labels).all()
