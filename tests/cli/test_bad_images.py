"""Images that cannot be used are named and counted, the others are trained on, and nothing hangs."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.cli import main
from lessup.samples import Damage


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))


def photos(tmp_path: Path, classes: tuple[str, ...] = ("cat", "dog"), count: int = 6) -> Path:
    """Write a folder of small random images."""
    for name in classes:
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(count):
            noise = np.random.default_rng([number, *name.encode()]).integers(0, 256, (20, 24, 3), np.uint8)
            Image.fromarray(noise).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def trained(folder: Path, *flags: str, method: str = "autoencoder") -> int:
    """Train for one step."""
    return main(["train", method, "--data", str(folder), "--out", str(folder.parent / "run"), "--steps", "1", *flags])


def bomb(path: Path, side: int) -> None:
    """Write a PNG whose header claims a square of ``side`` pixels; there is next to nothing behind it."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    packed = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(packed))


@pytest.mark.slow
def test_every_kind_of_bad_file_is_counted_and_the_rest_is_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cat = photos(tmp_path) / "cat"
    whole = (cat / "0.png").read_bytes()
    (cat / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (cat / "zero.jpg").touch()
    (cat / "letter.jpg").write_text("Dear Sir or Madam")
    bomb(cat / "bomb.png", 40_000)
    assert trained(cat.parent) == 0
    told = capsys.readouterr().err
    assert f"4 of {cat.parent} left out, such as cat/bomb.png: 1,600 megapixels; the limit is 120" in told


def test_unusual_images_are_used_and_named(tmp_path: Path) -> None:
    cat = photos(tmp_path) / "cat"
    Image.new("CMYK", (30, 20), (0, 90, 90, 0)).save(cat / "cmyk.jpg")
    Image.new("L", (30, 20)).save(cat / "grey.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(cat / "turned.jpg", exif=exif)
    Image.new("RGB", (30, 20), "red").quantize(4).save(cat / "palette.png")
    images = data.load(cat.parent)
    assert len(images) == 16
    assert images.damage == (
        Damage("cat/cmyk.jpg", "CMYK converted to RGB", skipped=False),
        Damage("cat/grey.png", "grey among colour images", skipped=False),
    )
    assert images.pixels[images.id.tolist().index("cat/turned.jpg")].shape == (30, 20, 3)


def test_changes_are_said_in_one_line_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cat = photos(tmp_path) / "cat"
    for name in ("1.jpg", "2.jpg"):
        Image.new("CMYK", (30, 20), (0, 90, int(name[0]), 0)).save(cat / name)
    Image.new("L", (30, 20)).save(cat / "grey.png")
    assert trained(cat.parent) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "changed" in line]
    assert lines == [
        f"3 of {cat.parent} changed or doubtful, and used: 2 CMYK converted to RGB, 1 grey among colour images "
        f"(names: `lessup doctor {cat.parent}`)"
    ]


@pytest.mark.parametrize(("method", "side"), [("context-prediction", 60), ("supervised", 64)])
def test_images_smaller_than_a_patch_or_crop_are_counted_and_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str, side: int
) -> None:
    folder = photos(tmp_path)
    for path in (folder / "dog").iterdir():
        Image.open(path).resize((side + 40, side)).save(path)
    for number, size in enumerate(((1, 1), (3, 200), (200, 2))):
        Image.new("RGB", size, (number, 0, 0)).save(folder / "cat" / f"tiny{number}.png")
    assert trained(folder, "--batch-size", "12", "--folds", "1", method=method) == 0
    told = capsys.readouterr().err
    assert " training images are enlarged, such as cat/" in told
    assert f"this network wants {side} pixels on the short side" in told
    assert int(told.split(" of ", 1)[0].split("\n")[-1]) in (8, 9)  # all cats, but for one of the validation part


def test_nothing_but_bad_files_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photos(tmp_path)
    for path in folder.rglob("*.png"):
        path.write_bytes(path.read_bytes()[:60])
    assert trained(folder) == 2
    line = capsys.readouterr().err.strip()
    assert "none of the 12 images in" in line
    assert "cat/0.png: truncated" in line
    assert "\n" not in line


@pytest.mark.slow
def test_images_of_100_megapixels_are_read(tmp_path: Path) -> None:
    folder = photos(tmp_path, count=4)
    Image.new("L", (10_000, 10_000), 7).convert("RGB").save(folder / "cat" / "large.jpg")
    assert trained(folder, "--size", "64") == 0


@pytest.mark.slow
def test_limit_of_megapixels_is_a_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photos(tmp_path)
    Image.new("L", (1200, 1000)).save(folder / "cat" / "large.png")
    assert trained(folder, "--max-megapixels", "1") == 0
    assert "cat/large.png: 2 megapixels; the limit is 1" in capsys.readouterr().err


def test_bomb_among_the_files_of_a_zip_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import zipfile

    from lessup.formats import limits

    monkeypatch.setattr(limits, "FREE_BYTES", 100_000)
    folder = photos(tmp_path)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
        archive.writestr("cat/bomb.png", bytes(1_000_000))
    assert trained(tmp_path / "photos.zip") == 0
    told = capsys.readouterr().err
    assert "1 of " in told
    assert "cat/bomb.png: unpacks to more than" in told


def test_shapes_given_to_an_image_method_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained(Path("furniture"), "--out", str(tmp_path / "run")) == 2
    line = capsys.readouterr().err.strip()
    assert line.startswith("lessup: autoencoder reads image")
    assert "furniture has voxels" in line
    assert "\n" not in line


def test_images_without_a_label_are_counted_and_the_others_learnt_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(tmp_path, ("cat", "cow", "dog"))
    for path in (folder / "dog").iterdir():
        path.rename(folder / path.name)
    assert trained(folder, method="supervised") == 0
    assert f"6 of {folder} have no label and are not learnt from" in capsys.readouterr().err


def test_single_images_of_a_class_or_beside_the_classes_do_not_stop_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(tmp_path)
    (folder / "rare").mkdir()
    Image.new("RGB", (20, 24), "red").save(folder / "rare" / "only.png")
    Image.new("RGB", (20, 24), "blue").save(folder / "loose.png")
    assert trained(folder) == 0
    told = capsys.readouterr().err
    assert "1 of 3 classes have fewer images than the 4 folds, such as 'rare' with 1" in told
    assert main(["evaluate", str(tmp_path / "run"), "--protocol", "knn", "--json"]) == 0
    assert "1 of 3 classes have fewer images than the 4 folds" in capsys.readouterr().out


def test_protocol_on_data_without_what_it_reads_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photos(tmp_path)
    assert trained(folder) == 0
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "run"), "--protocol", "segmentation"]) == 2
    assert f"segmentation reads mask, which {folder} does not have" in capsys.readouterr().err


def test_no_label_at_all_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photos(tmp_path, ("cat",))
    for path in (folder / "cat").iterdir():
        path.rename(folder / path.name)
    assert trained(folder, method="supervised") == 2
    assert "supervised learns from labels, and none of 6 samples" in capsys.readouterr().err


def test_tags_are_labels_to_learn_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photos(tmp_path)
    lines = [f"{name}/{number}.png,{name}|thing" for name in ("cat", "dog") for number in range(6)]
    (folder / "tags.csv").write_text("image,tags\n" + "\n".join(lines) + "\n")
    assert trained(folder / "tags.csv", "--out", str(tmp_path / "tagged"), method="supervised") == 0
    assert main(["doctor", str(folder / "tags.csv"), "--json"]) == 0
    assert "have none" not in capsys.readouterr().out


def test_one_class_only_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained(photos(tmp_path, classes=("cat",)), method="supervised") == 2
    line = capsys.readouterr().err.strip()
    assert "6 of 6 images have one, of 1 classes; wanted two classes" in line
    assert "\n" not in line


def test_error_in_a_decoding_thread_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lessup.formats import image_file

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(image_file, "decode", broken)
    with pytest.raises(ZeroDivisionError):
        trained(photos(tmp_path))


def test_archive_with_a_link_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import tarfile

    folder = photos(tmp_path)
    (folder / "cat" / "link.png").symlink_to("/etc/passwd")
    with tarfile.open(tmp_path / "photos.tar", "w") as archive:
        archive.add(folder, "photos")
    assert trained(tmp_path / "photos.tar") == 2
    line = capsys.readouterr().err.strip()
    assert "photos/cat/link.png' is a link: unpack the archive, and give the folder" in line
    assert "\n" not in line
