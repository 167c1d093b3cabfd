import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from lessup.errors import DataError
from lessup.formats.image_file import decode, decode_mask, decoding, reduced, reduced_mask, with_channels

RNG = np.random.default_rng(0)


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff(array, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def noise(height=5, width=7, channels=3, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype, endpoint=True)


def got(content, size=256, max_megapixels=120):
    return decode(content, size=size, max_megapixels=max_megapixels)


def test_colour_is_kept_as_it_is():
    pixels = noise()
    decoded = got(saved(Image.fromarray(pixels)))
    assert np.array_equal(decoded.pixels, pixels)
    assert decoded.original == (5, 7)
    assert decoded.notes == ()


def test_grey_has_one_channel_of_8_or_16_bits():
    pixels = noise(channels=1)
    assert np.array_equal(got(saved(Image.fromarray(pixels[..., 0]))).pixels, pixels)
    deep = noise(channels=1, dtype=np.uint16)
    for kind in ("PNG", "TIFF", "PPM"):
        decoded = got(saved(Image.fromarray(deep[..., 0]), kind))
        assert decoded.pixels.dtype == np.uint16
        assert np.array_equal(decoded.pixels, deep)


def test_one_bit_becomes_black_and_white():
    pixels = noise(channels=1)[..., 0] > 127
    assert np.array_equal(got(saved(Image.fromarray(pixels))).pixels[..., 0], 255 * pixels.astype(np.uint8))


def test_palette_becomes_its_colours_or_grey_where_all_are_grey():
    indices = RNG.integers(0, 3, (5, 7), np.uint8)
    for colours, channels in (([[250, 0, 7], [1, 2, 3], [9, 9, 9]], 3), ([[7, 7, 7], [90, 90, 90], [0, 0, 0]], 1)):
        image = Image.fromarray(indices)
        image.putpalette(np.array(colours, np.uint8).tobytes())
        wanted = np.array(colours, np.uint8)[indices][..., :channels]
        assert np.array_equal(got(saved(image)).pixels, wanted)


def test_cmyk_is_converted_and_noted():
    decoded = got(saved(Image.new("CMYK", (6, 4), (0, 255, 255, 0)), "JPEG", quality=95))
    assert decoded.pixels.shape == (4, 6, 3)
    assert np.abs(decoded.pixels.astype(int) - [255, 0, 0]).max() < 8
    assert decoded.notes == ("CMYK converted to RGB",)


def test_cmyk_tiff_of_16_bits_keeps_them():
    inks = noise(channels=4, dtype=np.uint16)
    decoded = got(tiff(inks, photometric="separated"))
    left = 1 - inks / 65535
    assert decoded.pixels.dtype == np.uint16
    assert np.abs(decoded.pixels - 65535 * left[..., :3] * left[..., 3:]).max() <= 0.5
    assert decoded.notes == ("CMYK converted to RGB",)
    shallow = inks // 257 * 257
    as_pillow_does = np.asarray(Image.fromarray((shallow // 257).astype(np.uint8), "CMYK").convert("RGB"))
    assert np.abs(got(tiff(shallow, photometric="separated")).pixels / 257 - as_pillow_does).max() <= 1


@pytest.mark.parametrize("white", [1023, 65535])
def test_colour_ppm_of_16_bits_keeps_them(white):
    stored = RNG.integers(0, white, (5, 7, 3), np.uint16, endpoint=True)
    head = f"# made by hand\n7 5\n{white}\n".encode()
    binary, plain = b"P6\n" + head + stored.astype(">u2").tobytes(), b"P3 " + head + b"# here\n"
    plain += " ".join(map(str, stored.ravel())).encode()
    for content in (binary, plain):
        decoded = got(content)
        assert decoded.pixels.dtype == np.uint16
        assert np.abs(decoded.pixels - stored * (65535 / white)).max() <= 0.5
        assert decoded.notes == ()
        with pytest.raises(DataError, match=r"^truncated$"):
            got(content[:-9])
    with pytest.raises(DataError, match=r"^2 megapixels; the limit is 1"):
        got(f"P6 2000 1000 {white} ".encode(), max_megapixels=1)


def test_transparent_parts_become_white_and_are_noted():
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, :, 3] = [255, 51]
    decoded = got(saved(Image.fromarray(pixels)))
    assert decoded.pixels[..., 0].tolist() == [[0, 204], [255, 255]]
    assert decoded.notes == ("transparent parts became white",)


def test_opaque_alpha_is_left_out_without_a_word():
    pixels = noise()
    decoded = got(saved(Image.fromarray(np.dstack([pixels, np.full((5, 7), 255, np.uint8)]))))
    assert np.array_equal(decoded.pixels, pixels)
    assert decoded.notes == ()


def test_grey_with_alpha_stays_grey():
    pixels = np.array([[[9, 255], [9, 0]]], np.uint8)
    assert got(saved(Image.fromarray(pixels))).pixels.tolist() == [[[9], [255]]]


def test_transparent_colour_of_a_palette_becomes_white():
    image = Image.fromarray(np.array([[0, 1]], np.uint8))
    image.putpalette([10, 20, 30, 40, 50, 60])
    decoded = got(saved(image, transparency=1))
    assert decoded.pixels.tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize(
    ("channels", "dtype"), [(2, np.uint8), (5, np.uint8), (13, np.uint16), (3, np.uint16), (4, np.uint16)]
)
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tiff_keeps_every_band_and_bit(channels, dtype, planar):
    pixels = noise(channels=channels, dtype=dtype)
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 0)
    photometric = "rgb" if channels == 3 else "minisblack"
    decoded = got(tiff(stored, photometric=photometric, planarconfig=planar))
    assert decoded.pixels.dtype == dtype
    assert np.array_equal(decoded.pixels, pixels)


def test_fourth_band_of_a_tiff_is_kept_unless_it_says_that_it_is_alpha():
    pixels = noise(channels=4)
    bands = got(tiff(pixels, photometric="rgb", extrasamples=["unspecified"]))
    assert np.array_equal(bands.pixels, pixels)
    assert got(tiff(pixels, photometric="rgb", extrasamples=["unassalpha"])).pixels.shape == (5, 7, 3)


def png_of_16_bits(pixels):
    """Write a PNG by hand, from its specification: Pillow cannot."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    packed = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_colour_png_of_16_bits_keeps_them():
    pixels = noise(dtype=np.uint16)
    decoded = got(png_of_16_bits(pixels))
    assert decoded.pixels.dtype == np.uint16
    assert np.array_equal(decoded.pixels, pixels)
    with pytest.raises(DataError, match=r"truncated|damaged"):
        got(png_of_16_bits(pixels)[:-40])


def test_png_of_16_bits_with_alpha_is_laid_over_white():
    pixels = np.array([[[1, 2, 300, 65535], [1, 2, 300, 0]]], np.uint16)
    decoded = got(png_of_16_bits(pixels))
    assert decoded.pixels.tolist() == [[[1, 2, 300], [65535] * 3]]
    assert decoded.notes == ("transparent parts became white",)
    grey = got(png_of_16_bits(np.full((2, 2, 2), 65535, np.uint16)))
    assert grey.notes == ("16-bit grey with alpha narrowed to 8 bits",)


def turned(upright):
    """What is stored of an upright image for each orientation, by EXIF's own table."""
    return {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }


def test_exif_rotation_is_applied_for_all_eight_orientations():
    upright = noise(8, 12)
    for orientation, stored in turned(upright).items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        decoded = got(saved(Image.fromarray(np.ascontiguousarray(stored)), exif=exif))
        assert np.array_equal(decoded.pixels, upright), orientation
        assert decoded.original == (8, 12)


@pytest.mark.parametrize("channels", [3, 5])
def test_turned_tiff_is_upright_whoever_reads_it(channels):
    upright = noise(8, 12, channels)
    for orientation, stored in turned(upright).items():
        photometric = "rgb" if channels == 3 else "minisblack"
        content = tiff(
            np.ascontiguousarray(stored),
            photometric=photometric,
            planarconfig="contig",
            extratags=[(274, "H", 1, orientation, True)],
        )
        decoded = got(content)
        assert decoded.original == (8, 12), orientation
        assert np.array_equal(decoded.pixels, upright), orientation


def test_first_of_several_frames_is_taken_and_noted():
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 200)]
    decoded = got(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert decoded.pixels[0, 0].tolist() == [10]
    assert decoded.notes == ("first of several frames",)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_large_images_are_reduced_to_their_short_side(kind):
    ramp = np.linspace(0, 255, 1200)[None, :, None].repeat(800, 0).repeat(3, 2).astype(np.uint8)
    decoded = got(saved(Image.fromarray(ramp), kind), size=64)
    assert decoded.pixels.shape == (64, 96, 3)
    assert decoded.original == (800, 1200)
    wanted = (np.arange(96) + 0.5) * 1200 / 96 * 255 / 1200
    assert np.abs(decoded.pixels[32, 2:-2, 1] - wanted[2:-2]).max() < 3


def test_small_images_stay_as_they_are():
    assert got(saved(Image.new("RGB", (20, 30))), size=64).pixels.shape == (30, 20, 3)


def test_reducing_mixes_pixels_so_that_fine_stripes_become_grey():
    stripes = np.zeros((64, 64, 1), np.uint16)
    stripes[:, ::2] = 60000
    inside = reduced(stripes, 16)[2:-2, 2:-2]
    assert np.abs(inside.astype(int) - 30000).max() < 600


def test_strips_are_reduced_by_their_long_side():
    assert reduced(np.zeros((100, 6400, 3), np.uint8), 100).shape == (6, 400, 3)


def test_more_megapixels_than_the_limit_are_refused_before_decoding():
    content = bytearray(saved(Image.new("L", (8, 8))))
    content[16:24] = (20_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    with decoding(), pytest.raises(DataError, match=r"^400 megapixels; the limit is 120 \(--max-megapixels\)$"):
        got(bytes(content))
    assert Image.MAX_IMAGE_PIXELS is not None


def test_bands_count_among_the_megapixels_of_a_tiff():
    content = tiff(np.zeros((40, 1000, 1000), np.uint8), photometric="minisblack", planarconfig="separate")
    with pytest.raises(DataError, match=r"^10 megapixels in 40 bands, four of them counting as one; the limit is 9 "):
        got(content, max_megapixels=9)
    assert got(content, size=10, max_megapixels=10).pixels.shape == (10, 10, 40)


def test_strip_that_unpacks_to_more_than_the_image_has_is_refused_before_it_is_unpacked():
    content = tiff(noise(5, 7, 5), photometric="minisblack", planarconfig="contig", compression="zlib")
    bomb = zlib.compress(bytes(80_000_000))
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = file.pages.first
        tags = {name: page.tags[name] for name in ("StripOffsets", "StripByteCounts")}
        places = {name: (tag.valueoffset, {3: "<H", 4: "<I", 16: "<Q"}[tag.dtype]) for name, tag in tags.items()}
    changed = bytearray(content + bomb)
    for name, value in (("StripOffsets", len(content)), ("StripByteCounts", len(bomb))):
        struct.pack_into("<I", changed, places[name][0], value)
    with pytest.raises(DataError, match=r"^damaged: a strip unpacks to more than the image has$"):
        got(bytes(changed))


def test_what_is_no_image_is_told_in_few_words():
    whole = saved(Image.fromarray(noise(64, 64)), "JPEG")
    for content, reason in (
        (b"", "empty file"),
        (bytes(1000), "nothing but zero bytes"),
        (b"Dear all,\r\nhere is", "text, not an image"),
        (b"\x01\xff\x00abc" * 40, "damaged, or of a format that Pillow cannot read"),
        (whole[: len(whole) // 2], "truncated"),
        (saved(Image.fromarray(noise(64, 64)))[:2000], "truncated"),
        (tiff(np.zeros((4, 4), np.float32)), "32-bit pixels; wanted 8 or 16 bits"),
    ):
        with pytest.raises(DataError, match=f"^{reason}"):
            got(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"])
def test_random_damage_never_ends_in_another_error(kind):
    whole = np.frombuffer(saved(Image.fromarray(noise(40, 40)), kind), np.uint8)
    with decoding():
        for seed in range(60):
            rng = np.random.default_rng(seed)
            content = whole.copy()
            content[rng.integers(0, min(len(content), 400 if seed % 2 else len(content)), 8)] = rng.integers(0, 256, 8)
            try:
                got(content.tobytes()[: rng.integers(1, len(content) + 1)], max_megapixels=1)
            except DataError as error:
                assert 0 < len(str(error)) < 100  # noqa: PT017


@pytest.mark.parametrize(
    "content",
    [
        tiff(noise(30, 40, 5), photometric="minisblack", planarconfig="contig", compression="zlib"),
        tiff(noise(32, 32, 7), photometric="minisblack", planarconfig="contig", tile=(16, 16), compression="lzma"),
        tiff(noise(channels=4, dtype=np.uint16), photometric="separated"),
        b"P6 7 5 65535 " + noise(dtype=np.uint16).tobytes(),
        b"P3 7 5 1023 " + b" ".join(b"%d" % number for number in range(105)),
    ],
    ids=["zlib", "tiles of lzma", "cmyk", "ppm", "plain ppm"],
)
def test_random_damage_to_bands_and_deep_files_never_ends_in_another_error(content):
    whole = np.frombuffer(content, np.uint8)
    with decoding():
        for seed in range(150):
            rng = np.random.default_rng(seed)
            changed = whole.copy()
            changed[rng.integers(0, min(len(whole), 400 if seed % 2 else len(whole)), 4)] = rng.integers(0, 256, 4)
            try:
                got(changed.tobytes(), max_megapixels=1)
            except DataError as error:
                assert 0 < len(str(error)) < 120  # noqa: PT017


def test_mask_is_read_as_numbers_not_colours():
    numbers = RNG.choice(np.array([0, 1, 20, 255], np.uint8), (6, 9))
    image = Image.fromarray(numbers)
    assert np.array_equal(decode_mask(saved(image), max_megapixels=1), numbers)
    image.putpalette(RNG.integers(0, 256, 768, np.uint8).tobytes())
    assert np.array_equal(decode_mask(saved(image), max_megapixels=1), numbers)
    with pytest.raises(DataError, match="a mask of mode RGB"):
        decode_mask(saved(Image.new("RGB", (3, 3))), max_megapixels=1)


def test_reduced_mask_holds_only_numbers_that_were_there():
    mask = np.repeat(np.repeat(np.array([[0, 7], [255, 3]], np.uint8), 8, 0), 8, 1)
    assert reduced_mask(mask, (4, 4)).tolist() == np.repeat(np.repeat([[0, 7], [255, 3]], 2, 0), 2, 1).tolist()


def test_grey_and_colour_turn_into_one_another():
    pixels = np.array([[[100, 150, 200]]], np.uint8)
    assert with_channels(pixels, 1).tolist() == [[[round(0.299 * 100 + 0.587 * 150 + 0.114 * 200)]]]
    assert with_channels(np.array([[[40000]]], np.uint16), 3).tolist() == [[[40000] * 3]]
    with pytest.raises(DataError, match="5 channels where 3 are wanted"):
        with_channels(noise(channels=5), 3)
