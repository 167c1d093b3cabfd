import numpy as np
import pytest

from lessup.errors import RunError
from lessup.samples import map_file
from lessup.samples.map_file import stored_maps

EXTENT = np.array([[4, 6], [3, 3], [5, 2], [1, 7], [2, 2]])


class Maps:
    """Counts how often each map is asked for, and dies before one of them."""

    def __init__(self, dies_at: int = -1) -> None:
        self.asked: list[int] = []
        self.dies_at = dies_at

    def __call__(self, some):
        for index in some.tolist():
            if index == self.dies_at:
                raise KeyboardInterrupt
            self.asked.append(index)
            yield np.full(EXTENT[index], 10 + index, np.uint8)


@pytest.fixture(autouse=True)
def chunk(monkeypatch):
    monkeypatch.setattr(map_file, "CHUNK", 2)


def check(found) -> None:
    assert len(found) == 5
    for index, extent in enumerate(EXTENT):
        assert found[index].shape == (*extent, 1)
        assert (found[index] == 10 + index).all()


def test_maps_are_computed_once(tmp_path):
    first, second = Maps(), Maps()
    check(stored_maps(tmp_path / "new" / "maps", EXTENT, first))
    check(stored_maps(tmp_path / "new" / "maps", EXTENT, second))
    assert first.asked == [0, 1, 2, 3, 4]
    assert second.asked == []
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["maps"]


def test_a_run_that_was_killed_is_gone_on_with_at_the_first_map_that_is_not_whole(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        stored_maps(tmp_path / "maps", EXTENT, Maps(dies_at=3))
    part = tmp_path / ".maps.part"
    assert part.stat().st_size >= 24 + 9
    part.write_bytes(part.read_bytes()[: 24 + 9 + 4])  # the third is cut short
    second = Maps()
    check(stored_maps(tmp_path / "maps", EXTENT, second))
    assert second.asked == [2, 3, 4]


def test_maps_may_have_several_channels(tmp_path):
    def make(some):
        for index in some:
            yield np.stack([np.full(EXTENT[index], number + index, np.uint8) for number in (0, 100)], 2)

    found = stored_maps(tmp_path / "maps", EXTENT, make, channels=2)
    assert found[3].shape == (1, 7, 2)
    assert found[3][0, 0].tolist() == [3, 103]


def test_a_file_of_other_images_is_named(tmp_path):
    stored_maps(tmp_path / "maps", EXTENT, Maps())
    with pytest.raises(RunError, match="holds 54 numbers where 50 are wanted: delete it"):
        stored_maps(tmp_path / "maps", EXTENT[:4], Maps())


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        stored_maps(tmp_path / "file" / "maps", EXTENT, Maps())
