import io
import tarfile

import pytest

from lessup.formats import tar_places
from lessup.formats.tar_places import members

CONTENT = {"a.txt": b"one", "b/c.bin": bytes(range(256)) * 5, "b/empty": b"", "b/" + "d" * 80 + "/" + "e" * 90: b"deep"}


def packed(form, content=CONTENT, extra=()):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        folder = tarfile.TarInfo("b")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in extra:
            archive.addfile(info)
    return file


def read(file):
    data = file.getvalue()
    return {member.name: data[member.start : member.start + member.size] for member in members(file)}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_content_lies_where_it_is_said_to(form):
    assert read(packed(form)) == CONTENT


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_plain_archives_need_no_tarfile(form, monkeypatch):
    short = {name: data for name, data in CONTENT.items() if len(name) < 100}
    file = packed(form, short)
    monkeypatch.setattr(tar_places.tarfile, "open", lambda **_: pytest.fail("slow"))
    assert read(file) == short


def test_names_of_other_letters_are_the_same_both_ways(monkeypatch):
    file = packed(tarfile.GNU_FORMAT, {"zażółć.png": b"x"})
    quick = members(file)
    monkeypatch.setattr(tar_places, "_plain_members", lambda _: None)
    assert members(file) == quick


def test_links_are_marked():
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "a.txt"
    assert [member.name for member in members(packed(tarfile.USTAR_FORMAT, extra=[link])) if member.is_link] == ["link"]


@pytest.mark.parametrize("damage", [slice(0, 10), slice(124, 130), slice(1500, None)])
def test_damage_is_raised_as_tarfile_has_it(damage):
    data = bytearray(packed(tarfile.USTAR_FORMAT).getvalue())
    if damage.stop is None:
        del data[damage]
    else:
        data[damage] = b"\xff" * 10
    with pytest.raises(tarfile.TarError):
        members(io.BytesIO(bytes(data)))


def test_empty_archive_has_no_members():
    assert members(packed(tarfile.GNU_FORMAT, {})) == []
