import io
import zipfile

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats import npz


def test_headers_agree_with_what_numpy_loads(tmp_path):
    path = tmp_path / "some.npz"
    np.savez_compressed(path, a=np.zeros((3, 4), np.uint8), b=np.array(["x", "yz"]), c=np.array(2.0))
    loaded = np.load(path)
    found = npz.headers(path)
    assert list(found) == loaded.files
    for key, header in found.items():
        assert (header.shape, header.dtype) == (loaded[key].shape, loaded[key].dtype)
        assert (npz.read(path, key) == loaded[key]).all()


@pytest.mark.parametrize("name", ["../evil.npy", "/etc/evil.npy", "sub/evil.npy", "..\\evil.npy", "evil.sh"])
def test_member_whose_name_escapes_is_refused(tmp_path, name):
    head = io.BytesIO()
    np.save(head, np.zeros(1))
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr(name, head.getvalue())
    with pytest.raises(DataError, match=r"bad\.npz.*evil.*refused"):
        npz.names(tmp_path / "bad.npz")


def test_array_shorter_than_its_header_is_refused_before_it_is_read(tmp_path):
    head = io.BytesIO()
    np.save(head, np.zeros(10))
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr("x.npy", head.getvalue()[:-8])
    with pytest.raises(DataError, match=r"bad\.npz: x is shorter"):
        npz.headers(tmp_path / "bad.npz")


def test_unknown_key_is_named(tmp_path):
    np.savez(tmp_path / "some.npz", a=1)
    with pytest.raises(DataError, match="no array 'b'"):
        npz.read(tmp_path / "some.npz", "b")


def test_flipped_byte_in_compressed_data_is_one_clear_line(tmp_path):
    path = tmp_path / "some.npz"
    np.savez_compressed(path, a=np.random.default_rng(0).integers(0, 9, 5000))
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(DataError, match="damaged or cut short"):
        npz.read(path, "a")


def test_folder_in_place_of_a_file_is_named(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        npz.names(tmp_path)
