"""Tables of images with labels or tags, on generated files."""

from pathlib import Path

import pytest
from PIL import Image

from lessup import data
from lessup.data import image_table
from lessup.errors import DataError
from lessup.samples import Reading


def pictures(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), (30 * number, 60, 90)).save(folder / name)


def test_table_of_labels_gives_classes_and_parts(tmp_path):
    pictures(tmp_path, "a.png", "b.png", "sub/c.png")
    (tmp_path / "labels.csv").write_text("file,label,split\na.png,cat,train\nb.png,dog,test\nsub/c.png,cat,val\n")
    for path in (tmp_path, tmp_path / "labels.csv"):
        images = data.load(path)
        assert images.classes == ("cat", "dog")
        assert dict(zip(images.id, images.label, strict=True)) == {"a.png": 0, "b.png": 1, "sub/c.png": 0}
        assert images.official.tolist() == ["train", "test", "train"]
        assert images.tags is None


def test_table_of_tags_gives_several_classes_and_what_is_unknown_is_not_counted(tmp_path):
    pictures(tmp_path, "images/1.png", "images/2.png", "images/3.png")
    (tmp_path / "tags.tsv").write_text("image\ttags\n1.png\tbag | hat\n2.png\that\n3.png\t\n")
    images = data.load(tmp_path)
    assert images.classes == ("bag", "hat")
    assert images.tags.tolist() == [[1, 1], [0, 1], [-1, -1]]
    assert images.label.tolist() == [-1, -1, -1]


def test_images_that_no_line_names_have_no_label(tmp_path):
    pictures(tmp_path, "a.png", "b.png", "c.png", "d.png")
    (tmp_path / "labels.csv").write_text("image,label\na.png,cat\nb.png,dog\n")
    assert data.load(tmp_path).label.tolist() == [0, 1, -1, -1]


def test_lines_without_an_image_and_lines_said_twice_are_named_and_counted(tmp_path):
    pictures(tmp_path, "a.png", "b.png")
    (tmp_path / "labels.csv").write_text("image,label\na.png,cat\nb.png,dog\na.png,cat\ngone.png,cat\n")
    told = {each.name: (each.skipped, each.reason) for each in data.load(tmp_path).damage}
    assert told["a.png"] == (False, "named again in line 4 of labels.csv")
    assert told["gone.png"] == (True, "named in line 5 of labels.csv but not there")


def test_lines_that_contradict_one_another_are_refused(tmp_path):
    pictures(tmp_path, "a.png")
    (tmp_path / "labels.csv").write_text("image,label\na.png,cat\na.png,dog\n")
    with pytest.raises(DataError, match=r"lines 2 and 3 both name a\.png, once as cat and once as dog"):
        data.load(tmp_path)


def test_masks_count_the_lines_of_the_list_of_labels(tmp_path):
    pictures(tmp_path, "images/1.png", "images/2.png")
    (tmp_path / "masks").mkdir()
    Image.new("L", (8, 6), 2).save(tmp_path / "masks" / "1.png")
    (tmp_path / "labels.txt").write_text("null\nbag\nhat\n")
    (tmp_path / "tags.csv").write_text("image,tags\n1.png,hat\n2.png,bag;hat\n")
    images = data.load(tmp_path)
    assert images.classes == ("bag", "hat")
    mask = images.batch([0, 1])["mask"]
    assert (mask[0] == 2).all()
    assert (mask[1] == -1).all()


def test_class_that_is_not_listed_is_refused(tmp_path):
    pictures(tmp_path, "1.png")
    (tmp_path / "labels.txt").write_text("null\nbag\n")
    (tmp_path / "tags.csv").write_text("image,tags\n1.png,hat\n")
    with pytest.raises(DataError, match="'hat' is none of the 1 classes"):
        data.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name,kind\na.png,cat\n", "has the columns name, kind; wanted image, and label or tags"),
        (b"", "has the columns none"),
        (b"image,label\n\xff\xfe", "not text in UTF-8"),
    ],
)
def test_table_that_cannot_be_read_is_refused(content, reason):
    with pytest.raises(DataError, match=reason):
        image_table.parse(content, "labels.csv")


def test_unknown_split_is_refused(tmp_path):
    pictures(tmp_path, "a.png")
    (tmp_path / "labels.csv").write_text("image,label,split\na.png,cat,dev\n")
    with pytest.raises(DataError, match="line 2 has the split 'dev'"):
        data.load(tmp_path)


def test_table_of_something_else_leaves_a_folder_of_images_a_folder(tmp_path):
    pictures(tmp_path, "cat/a.png", "dog/b.png")
    (tmp_path / "notes.csv").write_text("who,what\nme,this\n")
    assert data.load(tmp_path).classes == ("cat", "dog")


def test_table_may_lie_elsewhere_than_the_images(tmp_path):
    pictures(tmp_path / "photos", "a.png", "sub/b.png", "c.png")
    (tmp_path / "tags.csv").write_text("image,tags\na.png,cat | dog\nb.png,cat\n")
    images = image_table.load_named(tmp_path / "photos", tmp_path / "tags.csv", Reading())
    assert dict(zip(images.id, images.tags.tolist(), strict=True)) == {
        "a.png": [1, 1],
        "c.png": [-1, -1],
        "sub/b.png": [1, 0],
    }
    with pytest.raises(DataError, match="no images at"):
        image_table.load_named(tmp_path / "nowhere", tmp_path / "tags.csv", Reading())
    with pytest.raises(DataError, match="no table at"):
        image_table.load_named(tmp_path / "photos", tmp_path / "gone.csv", Reading())


def test_nearest_class_is_offered_for_one_that_is_not_listed(tmp_path):
    pictures(tmp_path, "a.png", "b.png")
    (tmp_path / "tags.csv").write_text("image,tags\na.png,dress\nb.png,trouser\n")
    (tmp_path / "labels.txt").write_text("background\ndress\ntrousers\n")
    with pytest.raises(DataError, match=r"'trouser' is none of the 2 classes in labels\.txt: did you mean 'trousers'"):
        data.load(tmp_path)
