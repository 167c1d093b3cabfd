import json

import numpy as np
import pytest
from PIL import Image
from toy_colours import things

from lessup import data
from lessup.masks.box_files import Located, boxes_csv, coco_instances, stored_size


def located(image, label, corners, **files):
    return Located(image=image, label=label, score=1.25, corners=corners, map="", overlay="", **files)


@pytest.fixture
def found():
    return [located(0, 2, (1.0, 2.0, 31.5, 12.0)), located(0, 0, None), located(2, 1, (0.0, 0.0, 4.0, 5.0))]


def test_table_has_a_line_a_box(found):
    assert boxes_csv(found, things(3)).splitlines() == [
        "image,class,score,left,top,right,bottom,map,overlay",
        "00.png,blue,1.25,1.0,2.0,31.5,12.0,,",
        "02.png,green,1.25,0.0,0.0,4.0,5.0,,",
    ]


def test_cocos_boxes_have_a_width_and_a_height_and_every_image_its_size(found):
    images = things(3)
    content = coco_instances(found, images)
    assert [each["bbox"] for each in content["annotations"]] == [[1, 2, 30.5, 10], [0, 0, 4, 5]]
    assert [each["area"] for each in content["annotations"]] == [305, 20]
    height, width = stored_size(images, 2).tolist()
    assert content["images"][1] == {"id": 2, "file_name": "02.png", "width": width, "height": height}
    assert content["categories"] == [{"id": 0, "name": "red"}, {"id": 1, "name": "green"}, {"id": 2, "name": "blue"}]


def test_lessup_reads_the_boxes_back_beside_the_images(found, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    images, folder = things(3), tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        Image.fromarray(np.asarray(images.pixels[index])).save(folder / images.id[index])
    (folder / "instances.json").write_text(json.dumps(coco_instances(found, images)))
    read = data.load(folder)
    assert read.classes == images.classes
    assert read.id.tolist() == ["00.png", "02.png"]
    assert read.boxes[0].corners.tolist() == [[1, 2, 31.5, 12]]
    assert read.boxes[1].label.tolist() == [1]
