"""What was packed into archives is read as it was."""

import tarfile

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats.file_tree import is_sharded, open_tree
from lessup.formats.shards import planned, sample_of, write_shard


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("cat/1.png", "cat/1.json", "cat/10.png", "cat/2.png", "dog/1.left.png", "dog/1.right.png", "über.txt"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(generator.bytes(3000))
    (tmp_path / "data" / f"{'long' * 40}.bin").write_bytes(b"x")
    return tmp_path / "data"


def packed(folder, out, most_bytes):
    tree = open_tree(folder)
    plan = planned(tree, most_bytes)
    assert all(write_shard(tree, shard, out) for shard in plan)
    return plan


def test_names_and_content_are_those_of_the_folder(folder, tmp_path):
    packed(folder, tmp_path / "shards", 10_000)
    assert is_sharded(tmp_path / "shards")
    assert not is_sharded(folder)
    before, after = open_tree(folder), open_tree(tmp_path / "shards")
    assert after.names() == before.names()
    assert all(after.read(name) == before.read(name) for name in before.names())
    with after.open("cat/2.png") as file:
        file.seek(1000)
        assert file.read(10) == before.read("cat/2.png")[1000:1010]


def test_files_of_one_sample_stay_together_and_archives_keep_to_their_size(folder, tmp_path):
    plan = packed(folder, tmp_path / "shards", 10_000)
    assert [shard.name for shard in plan] == [f"shard-{number:06d}.tar" for number in range(len(plan))]
    home = {name: shard.name for shard in plan for name in shard.files}
    for name, archive in home.items():
        assert {home[other] for other in home if sample_of(other) == sample_of(name)} == {archive}
    assert all((tmp_path / "shards" / shard.name).stat().st_size <= 10_240 for shard in plan)
    with tarfile.open(tmp_path / "shards" / plan[0].name) as archive:
        names = archive.getnames()
    assert names == sorted(names, key=lambda name: (sample_of(name), name))


def test_an_archive_that_is_whole_stays_and_a_broken_one_is_written_again(folder, tmp_path):
    out, tree = tmp_path / "shards", open_tree(folder)
    plan = packed(folder, out, 10_000)
    (out / plan[1].name).write_bytes(b"broken")
    assert [write_shard(tree, shard, out) for shard in plan] == [number == 1 for number in range(len(plan))]
    assert open_tree(out).names() == tree.names()


def test_a_name_in_two_archives_is_refused(folder, tmp_path):
    plan = packed(folder, tmp_path / "shards", 10_000)
    first = (tmp_path / "shards" / plan[0].name).read_bytes()
    (tmp_path / "shards" / "shard-000099.tar").write_bytes(first)
    with pytest.raises(DataError, match=r"shard-000000.tar and shard-000099.tar both hold"):
        open_tree(tmp_path / "shards")


def test_an_archive_that_changed_is_read_anew(folder, tmp_path):
    packed(folder, tmp_path / "shards", 1_000_000)
    before = open_tree(tmp_path / "shards")
    stamp = before.stamp(["cat/1.png"])
    (folder / "cat" / "1.png").write_bytes(b"other")
    packed(folder, tmp_path / "shards", 1_000_000)
    after = open_tree(tmp_path / "shards")
    assert after.read("cat/1.png") == b"other"
    assert after.stamp(["cat/1.png"]) != stamp
