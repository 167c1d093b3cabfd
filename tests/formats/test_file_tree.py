import io
import os
import tarfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from lessup.errors import DataError
from lessup.formats import limits
from lessup.formats.file_tree import is_tree, open_tree

CONTENT = {"b/2.png": b"two", "a.png": b"one", "b/c/3.txt": bytes(range(256)) * 9}


def folder(path, content=CONTENT):
    for name, data in content.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def zipped(path, content=CONTENT):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def tarred(path, content=CONTENT, **member):
    with tarfile.open(path, f"w:{path.suffix.strip('.').replace('tar', '')}") as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in member.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return path


def trees(tmp_path, content=CONTENT):
    made = [folder(tmp_path / "folder", content), zipped(tmp_path / "x.zip", content)]
    made += [tarred(tmp_path / name, content) for name in ("x.tar", "x.tar.gz", "x.tar.xz", "x.tar.bz2")]
    return [open_tree(path) for path in made]


def test_folder_zip_and_tar_hold_the_same_names_and_bytes(tmp_path):
    for tree in trees(tmp_path):
        assert tree.names() == ("a.png", "b/2.png", "b/c/3.txt")
        assert {name: tree.read(name) for name in tree.names()} == CONTENT


def test_an_opened_file_is_read_and_sought_as_a_file_of_its_own(tmp_path):
    whole = CONTENT["b/c/3.txt"]
    for tree in trees(tmp_path):
        with tree.open("b/c/3.txt") as first, tree.open("b/c/3.txt") as second:
            assert first.read(5) == whole[:5]
            assert second.seek(-7, io.SEEK_END) == len(whole) - 7
            assert second.read(100) == whole[-7:]
            assert first.seek(3, io.SEEK_CUR) == first.tell() == 8
            assert first.read() == whole[8:]
            assert first.read(1) == b""
        with pytest.raises(DataError, match="no such file"):
            tree.open("missing")


def test_hidden_files_and_what_a_mac_adds_are_left_out(tmp_path):
    content = CONTENT | {".x/1.png": b"", "b/._2.png": b"", "__MACOSX/b/2.png": b"", "b/.DS_Store": b""}
    for tree in trees(tmp_path, content):
        assert tree.names() == ("a.png", "b/2.png", "b/c/3.txt")


def test_many_threads_read_the_right_bytes(tmp_path):
    content = {f"{number}.bin": os.urandom(5000) for number in range(60)}
    with ThreadPoolExecutor(8) as pool:
        for tree in trees(tmp_path, content):
            names = list(tree.names()) * 5
            assert list(pool.map(tree.read, names)) == [content[name] for name in names]


def test_name_that_is_not_there_is_said(tmp_path):
    for tree in trees(tmp_path):
        with pytest.raises(DataError, match="no such file"):
            tree.read("gone.png")


@pytest.mark.parametrize(
    "name", ["../outside.png", "a/../../outside.png", "/etc/passwd.png", "..\\outside.png", "C:/x.png"]
)
def test_archive_whose_names_lead_out_is_refused(tmp_path, name):
    for path in (zipped(tmp_path / "x.zip", {name: b""}), tarred(tmp_path / "x.tar", {name: b""})):
        with pytest.raises(DataError, match="leads out of the archive"):
            open_tree(path)


def test_links_in_archives_are_refused(tmp_path):
    info = zipfile.ZipInfo("link.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    soft = tarred(tmp_path / "soft.tar", {"x.png": b""}, type=tarfile.SYMTYPE, linkname="/etc/passwd")
    hard = tarred(tmp_path / "hard.tar", {"x.png": b""}, type=tarfile.LNKTYPE, linkname="a.png")
    for path in (tmp_path / "x.zip", soft, hard):
        with pytest.raises(DataError, match=r"x?\.png' is a link: unpack the archive|link.png' is a link"):
            open_tree(path)


def test_links_in_a_folder_are_followed_but_never_in_a_circle(tmp_path):
    folder(tmp_path / "elsewhere", {"x.png": b"x"})
    top = folder(tmp_path / "top", {"a.png": b"a"})
    (top / "linked").symlink_to(tmp_path / "elsewhere")
    (top / "again").symlink_to(top)
    (top / "broken.png").symlink_to(tmp_path / "gone.png")
    tree = open_tree(top)
    assert tree.names() == ("a.png", "linked/x.png")
    assert tree.read("linked/x.png") == b"x"


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tar.xz"])
def test_damaged_archives_are_said_to_be_damaged(tmp_path, name):
    (tmp_path / name).write_bytes(b"this is no archive" * 100)
    with pytest.raises(DataError, match=rf"{name}: damaged archive"):
        open_tree(tmp_path / name)


def test_archive_cut_short_is_said_to_be_damaged(tmp_path):
    content = {f"{number}.bin": os.urandom(20000) for number in range(3)}
    for path in (
        zipped(tmp_path / "x.zip", content),
        tarred(tmp_path / "x.tar", content),
        tarred(tmp_path / "x.tar.gz", content),
    ):
        path.write_bytes(path.read_bytes()[:30000])
        with pytest.raises(DataError, match="damaged archive"):
            open_tree(path)


def test_a_zip_is_read_by_one_thread_at_a_time(tmp_path, monkeypatch):
    content = {f"{number}.bin": bytes([number]) * 2000 for number in range(40)}
    tree = open_tree(zipped(tmp_path / "x.zip", content))
    opened, reading, together = zipfile.ZipFile.open, [], []

    @contextmanager
    def watched(archive, info):
        reading.append(info)
        together.append(len(reading))
        time.sleep(1e-3)
        with opened(archive, info) as file:
            yield file
        reading.remove(info)

    monkeypatch.setattr(zipfile.ZipFile, "open", watched)
    with ThreadPoolExecutor(8) as pool:
        assert dict(zip(content, pool.map(tree.read, content), strict=True)) == content
    assert max(together) == 1


def test_damaged_member_of_a_zip_is_named_alone(tmp_path):
    path = zipped(tmp_path / "x.zip", {"a.bin": os.urandom(5000), "b.bin": b"fine"})
    data = bytearray(path.read_bytes())
    data[1000:1100] = bytes(100)
    path.write_bytes(data)
    tree = open_tree(path)
    assert tree.read("b.bin") == b"fine"
    with pytest.raises(DataError, match="cannot be read from the archive"):
        tree.read("a.bin")


def test_second_member_of_a_name_replaces_the_first_as_in_unpacking(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for data in (b"old", b"newer"):
            info = tarfile.TarInfo("a.txt")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert open_tree(tmp_path / "x.tar").read("a.txt") == b"newer"


def test_unchanged_tree_is_indexed_once_and_a_changed_one_anew(tmp_path):
    top = folder(tmp_path / "top")
    first = open_tree(top)
    assert open_tree(top) is first
    (top / "b" / "new.png").write_bytes(b"")
    os.utime(top / "b", ns=(1, 1))
    assert "b/new.png" in open_tree(top).names()


def test_stamp_follows_names_sizes_and_times(tmp_path):
    top = folder(tmp_path / "top")
    tree = open_tree(top)
    before = tree.stamp(tree.names())
    assert before == tree.stamp(tree.names())
    assert before != tree.stamp(tree.names()[:2])
    os.utime(top / "b" / "2.png", ns=(1, 1))
    assert before != tree.stamp(tree.names())
    assert tree.stamp(["gone"]) == tree.stamp(["gone"])


def test_stamp_of_an_archive_follows_the_archive(tmp_path):
    path = zipped(tmp_path / "x.zip")
    before = open_tree(path).stamp(["a.png"])
    os.utime(path, ns=(1, 1))
    assert open_tree(path).stamp(["a.png"]) != before


def test_folder_with_finds_the_highest_folder_that_holds_a_file(tmp_path):
    tree = open_tree(
        folder(tmp_path / "top", {"x/y/words.txt": b"", "x/wnids.txt": b"", "x/y/wnids.txt": b"", "top.txt": b""})
    )
    assert tree.folder_with("wnids.txt") == "x/"
    assert tree.folder_with("y/words.txt") == "x/"
    assert tree.folder_with("top.txt") == ""
    assert tree.folder_with("ids.txt") is None


def test_names_that_are_no_text_can_be_read(tmp_path):
    (tmp_path / "top").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "top") + b"/caf\xe9.png")).write_bytes(b"x")
    tree = open_tree(tmp_path / "top")
    assert tree.names() == ("caf\\xe9.png",)
    assert tree.read("caf\\xe9.png") == b"x"


def test_is_tree_goes_by_names(tmp_path):
    (tmp_path / "x.TAR.GZ").touch()
    (tmp_path / "x.gz").touch()
    assert is_tree(tmp_path)
    assert is_tree(tmp_path / "x.TAR.GZ")
    assert not is_tree(tmp_path / "x.gz")
    assert not is_tree(tmp_path / "gone.zip")


BOMB = {"a.png": b"one", "bomb.png": bytes(3_000_000)}


def test_bomb_in_a_zip_is_refused_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FREE_BYTES", 100_000)
    tree = open_tree(zipped(tmp_path / "x.zip", BOMB))
    assert tree.read("a.png") == b"one"
    with pytest.raises(DataError, match=r"^unpacks to more than .* unpack it yourself"):
        tree.read("bomb.png")


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_no_more_is_read_from_a_zip_than_a_lying_header_declares(tmp_path, kind):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("bomb.png", bytes(3_000_000))
    data = path.read_bytes()
    assert data.count((3_000_000).to_bytes(4, "little")) == 2  # in the member's own header and in the list at the end
    path.write_bytes(data.replace((3_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with pytest.raises(DataError, match="cannot be read from the archive: Bad CRC-32"):
        open_tree(path).read("bomb.png")


def test_zip_of_many_members_that_are_a_bomb_together_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FREE_BYTES", 100_000)
    path = zipped(tmp_path / "x.zip", {f"{number}.png": bytes(90_000) for number in range(30)})
    with pytest.raises(DataError, match=r"x\.zip unpacks to more than"):
        open_tree(path)


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar.xz", "x.tar.bz2"])
def test_compressed_tar_that_is_a_bomb_is_refused(tmp_path, monkeypatch, name):
    path = tarred(tmp_path / name, BOMB)
    assert open_tree(path).read("a.png") == b"one"
    os.utime(path, ns=(1, 1))  # indexed anew
    monkeypatch.setattr(limits, "FREE_BYTES", 100_000)
    with pytest.raises(DataError, match=rf"{name} unpacks to more than .* unpack it yourself and give the folder"):
        open_tree(path)


def test_tar_is_told_by_its_first_bytes_whatever_it_is_called(tmp_path):
    tarred(tmp_path / "x.tar.xz").rename(tmp_path / "y.tar.gz")
    assert open_tree(tmp_path / "y.tar.gz").read("a.png") == b"one"
    tarred(tmp_path / "x.tar").rename(tmp_path / "z.tgz")
    assert open_tree(tmp_path / "z.tgz").read("a.png") == b"one"
