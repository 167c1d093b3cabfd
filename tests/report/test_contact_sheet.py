import numpy as np

from lessup.report.contact_sheet import GAP, SIDE, Tile, contact_sheet


def flat(height, width, colour):
    return np.full((height, width, 3), colour, np.uint8)


def runs_of(line, colour):
    """Return how long every run of one colour along a line of pixels is."""
    same = np.r_[False, (line == colour).all(-1), False].astype(int)
    return (np.flatnonzero(np.diff(same) == -1) - np.flatnonzero(np.diff(same) == 1)).tolist()


def test_pictures_keep_their_shape_and_stand_in_their_row():
    red, green, blue = (200, 0, 0), (0, 200, 0), (0, 0, 200)
    rows = [[Tile(flat(20, 40, red)), Tile(flat(400, 200, green))], [Tile(flat(3, 3, blue))]]
    sheet = contact_sheet(rows)
    assert sheet.dtype == np.uint8
    middle = GAP + SIDE // 2
    assert runs_of(sheet[middle], red) == [SIDE], "enlarged until its long side fits"
    assert runs_of(sheet[middle], green) == [SIDE // 2], "reduced by the same share along both sides"
    assert runs_of(sheet[:, GAP + SIDE // 2], red) == [SIDE // 2]
    assert runs_of(sheet[:, GAP + SIDE // 2], blue) == [SIDE]
    assert sheet[:, GAP + SIDE // 2].tolist().index(list(blue)) > len(sheet) // 2
    assert (sheet[-1] == 255).all()


def test_means_of_pixels_take_the_place_of_many():
    checks = np.indices((4 * SIDE, 4 * SIDE)).sum(0) % 2
    sheet = contact_sheet([[Tile(np.repeat(200 * checks[..., None], 3, 2).astype(np.uint8))]])
    assert (sheet[GAP + 1 : GAP + SIDE - 1, GAP + 1 : GAP + SIDE - 1] == 100).all()


def test_captions_stand_below_and_never_reach_the_next_picture():
    white = flat(8, 8, 255)
    bare = contact_sheet([[Tile(white), Tile(white)]])
    told = contact_sheet([[Tile(white, ("a long name of a file " * 9 + "end", "0.5")), Tile(white)]])
    assert len(told) > len(bare)
    below = told[GAP + SIDE :]
    assert (below[:, : GAP + SIDE] < 128).any()
    assert (below[:, GAP + SIDE + GAP :] == 255).all()
    assert (told[: GAP + SIDE] == bare[: GAP + SIDE]).all()
