import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics.pairwise import cosine_similarity

from lessup import data, verbs
from lessup.errors import DataError, RunError, UsageError
from lessup.features import encode_all
from lessup.report.contact_sheet import GAP, SIDE


def photograph(path, seed, *, grey=False):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (5, 5, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(pixels)
    (picture.convert("L") if grey else picture).save(path)
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos") / "photos"
    for number in range(8):
        photograph(folder / ("cat" if number % 2 else "dog") / f"{number}.png", number)
    return folder


@pytest.fixture(scope="module")
def image_run(photos, tmp_path_factory):
    settings = verbs.settings("autoencoder", str(photos), training={"steps": 1, "batch_size": 2, "device": "cpu"})
    return verbs.train(settings, tmp_path_factory.mktemp("runs") / "images").path


def by_loops(run, folder, pixels, layer, metric):
    """Return name and value of all images, the nearest first, from one image at a time in float64."""
    _, method = verbs.load(run)
    samples = data.load(folder)
    whole = samples.batch([0])

    def encoded(image):
        batch = {**whole, "image": image[None], "extent": torch.tensor([image.shape[1:]])}
        with torch.inference_mode():
            return method.encode(batch, layer)[0].double().numpy()

    asked = encoded(torch.tensor(pixels).permute(2, 0, 1).float() / 255)
    values = {}
    for index, name in enumerate(samples.id.tolist()):
        row = encoded(samples.batch([index])["image"][0])
        cosine = row @ asked / np.sqrt((row @ row) * (asked @ asked))
        values[name] = cosine if metric == "cosine" else np.sqrt(((row - asked) ** 2).sum())
    return sorted(values.items(), key=lambda one: -one[1] if metric == "cosine" else one[1])


@pytest.mark.parametrize(("layer", "metric"), [(None, "cosine"), ("conv1", "euclidean")])
def test_a_photograph_finds_what_plain_loops_find(layer, metric, image_run, photos, tmp_path):
    file = photograph(tmp_path / "new.png", 77)
    done = verbs.neighbors(image_run, str(photos), [file], count=4, layer=layer, metric=metric)
    (found,) = done["queries"]
    wanted = by_loops(image_run, photos, np.asarray(Image.open(file)), layer, metric)[:4]
    value = "cosine" if metric == "cosine" else "distance"
    assert [near["name"] for near in found["neighbors"]] == [name for name, _ in wanted]
    assert [near[value] for near in found["neighbors"]] == pytest.approx([far for _, far in wanted], rel=1e-3)
    assert all(near["class"] == near["name"].split("/")[0] for near in found["neighbors"])
    assert done["metric"] == metric
    assert done["layer"] == (layer or verbs.load(image_run)[1].layers[0])


def test_a_file_finds_itself_and_an_item_does_not(image_run, photos):
    done = verbs.neighbors(image_run, str(photos), [photos / "cat" / "3.png", "cat/3.png"], count=5)
    file, item = ([(near["name"], near["cosine"]) for near in one["neighbors"]] for one in done["queries"])
    assert file[0] == ("cat/3.png", pytest.approx(1, abs=1e-5))
    assert "cat/3.png" not in [name for name, _ in item]
    assert [name for name, _ in file[1:]] == [name for name, _ in item[:4]]


def test_a_grey_query_becomes_colour_as_the_images_are(image_run, photos, tmp_path):
    file = photograph(tmp_path / "grey.png", 1, grey=True)
    (found,) = verbs.neighbors(image_run, str(photos), [file], count=1)["queries"]
    pixels = np.asarray(Image.open(file))[..., None].repeat(3, 2)
    ((name, cosine),) = by_loops(image_run, photos, pixels, None, "cosine")[:1]
    assert found["neighbors"][0]["name"] == name
    assert found["neighbors"][0]["cosine"] == pytest.approx(cosine, abs=1e-4)


def test_the_contact_sheet_shows_the_query_left_of_what_it_found(image_run, photos, tmp_path):
    out = tmp_path / "deep" / "sheet.png"
    words = (image_run, str(photos), [photos / "dog" / "0.png", "cat/1.png"])
    (first, second) = verbs.neighbors(*words, count=2, out=out)["queries"]
    sheet = np.asarray(Image.open(out))
    for row, (query, one) in enumerate([("dog/0.png", first), ("cat/1.png", second)]):
        names = [query, *(near["name"] for near in one["neighbors"])]
        top = row * (len(sheet) // 2) + GAP
        for place, name in enumerate(names):
            left = GAP + place * (SIDE + GAP) + (GAP if place else 0)
            wanted = np.asarray(Image.open(photos / name)).repeat(4, 0).repeat(4, 1)  # 40 pixels in tiles of 160
            np.testing.assert_array_equal(sheet[top : top + SIDE, left : left + SIDE], wanted)
    with pytest.raises(RunError, match="exists already"):
        verbs.neighbors(*words, count=2, out=out)
    verbs.neighbors(*words, count=1, out=out, overwrite=True)
    assert np.asarray(Image.open(out)).shape[1] < sheet.shape[1]


def test_a_shape_file_finds_itself_first_and_cosines_fall(run, shapes, tmp_path):
    (found,) = verbs.neighbors(run.path, str(shapes), [shapes / "plate" / "3.npy"], count=4, out=tmp_path / "a.png")[
        "queries"
    ]
    names, cosines = zip(*((near["name"], near["cosine"]) for near in found["neighbors"]), strict=True)
    assert names[0] == "plate/3.npy"
    assert cosines[0] == pytest.approx(1, abs=1e-5)
    assert list(cosines) == sorted(cosines, reverse=True)
    sheet = np.asarray(Image.open(tmp_path / "a.png"))
    query, itself = (sheet[GAP : GAP + SIDE, left : left + SIDE] for left in (GAP, SIDE + 3 * GAP))
    assert (query < 200).any()
    np.testing.assert_array_equal(query, itself)


def test_neighbours_of_a_shape_are_those_of_the_named_layer(run, shapes):
    """By scikit-learn on the features of that layer."""
    (found,) = verbs.neighbors(run.path, str(shapes), [shapes / "plate" / "3.npy"], count=4, layer="middle")["queries"]
    _, method = verbs.load(run.path)
    samples = data.load(shapes)
    x = encode_all(method, samples, layer="middle")
    (asked,) = x[samples.id == "plate/3.npy"]
    wanted = sorted(cosine_similarity(asked[None], x)[0], reverse=True)[:4]
    assert [near["cosine"] for near in found["neighbors"]] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    ("queries", "settings", "error", "said"),
    [
        ([], {}, UsageError, "nothing asks"),
        (["horse/1.png"], {}, UsageError, "no file and no item of .*: its items have names such as cat/1.png"),
        (["cat/1.png"], {"count": 8}, UsageError, "8 neighbours were asked for: wanted 1 to 7"),
        (["cat/1.png"], {"layer": "fc9"}, UsageError, "no layer 'fc9'"),
        (["cat/1.png"], {"out": "sheet.jpg"}, UsageError, "wanted a name that ends in .png"),
    ],
)
def test_wrong_usage_is_refused(queries, settings, error, said, image_run, photos):
    with pytest.raises(error, match=said):
        verbs.neighbors(image_run, str(photos), queries, **settings)


def test_files_and_data_of_another_kind_are_refused(image_run, photos, run, shapes):
    with pytest.raises(DataError, match=r"3\.npy: "):
        verbs.neighbors(image_run, str(photos), [shapes / "plate" / "3.npy"])
    with pytest.raises(DataError, match=r"autoencoder reads image, which .* does not have"):
        verbs.neighbors(image_run, str(shapes), [photos / "cat" / "1.png"])
    with pytest.raises(UsageError, match="wanted a shape"):
        verbs.neighbors(run.path, str(shapes), [photos / "cat" / "1.png"])
