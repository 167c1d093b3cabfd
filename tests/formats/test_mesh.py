import sys

import numpy as np
import pytest

from lessup.errors import DataError, MissingExtraError, UsageError
from lessup.formats.mesh import read_mesh, write_mesh

VERTICES = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], np.float64)
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


def corners(vertices, faces):
    """The triangles as places, free of how vertices are numbered."""
    return sorted(map(tuple, vertices[faces].reshape(len(faces), 9).round(6).tolist()))


@pytest.mark.parametrize("suffix", [".off", ".obj", ".stl", ".ply", ".glb", ".OBJ"])
def test_mesh_survives_a_round_trip_in_every_format(tmp_path, suffix):
    if suffix.lower() not in (".off", ".obj"):
        pytest.importorskip("trimesh")
    write_mesh(tmp_path / f"shape{suffix}", VERTICES, FACES)
    vertices, faces = read_mesh(tmp_path / f"shape{suffix}")
    assert (vertices.dtype, faces.dtype) == (np.float64, np.int64)
    assert corners(vertices, faces) == corners(VERTICES, FACES)


def test_parts_of_a_scene_stand_where_the_scene_puts_them(tmp_path):
    trimesh = pytest.importorskip("trimesh")
    scene = trimesh.Scene()
    for number in range(2):
        box = trimesh.creation.box((1, 1, 1))
        scene.add_geometry(box, transform=trimesh.transformations.translation_matrix((0, 5 * number, 0)))
    (tmp_path / "scene.glb").write_bytes(scene.export(file_type="glb"))
    vertices, faces = read_mesh(tmp_path / "scene.glb")
    assert len(faces) == 24
    # 5 along the file's y, which is up in a GLB and z here.
    assert np.ptp(vertices, axis=0).tolist() == [1, 1, 6]


def test_up_turns_y_to_z_without_a_mirror(tmp_path):
    write_mesh(tmp_path / "shape.obj", VERTICES, FACES)
    turned, faces = read_mesh(tmp_path / "shape.obj", up="y")
    assert np.ptp(turned, axis=0)[2] == np.ptp(VERTICES, axis=0)[1]
    volume = np.linalg.det(VERTICES[FACES]).sum() / 6
    assert volume == pytest.approx(1.0)
    assert np.linalg.det(turned[faces]).sum() / 6 == pytest.approx(volume)


def test_cloud_of_points_is_refused(tmp_path):
    pytest.importorskip("trimesh")
    axes = "".join(f"property float {axis}\n" for axis in "xyz")
    (tmp_path / "cloud.ply").write_text(f"ply\nformat ascii 1.0\nelement vertex 1\n{axes}end_header\n0 0 0\n")
    with pytest.raises(DataError, match=r"cloud\.ply"):
        read_mesh(tmp_path / "cloud.ply")


@pytest.mark.parametrize("suffix", [".off", ".obj", ".stl", ".ply", ".glb"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"glTF\x02\x00\x00\x00\xff\xff\x00\x00", b"ply\nformat ascii 1.0\n"]
)
def test_damaged_file_is_refused_by_name(tmp_path, suffix, content):
    if suffix not in (".off", ".obj"):
        pytest.importorskip("trimesh")
    (tmp_path / f"broken{suffix}").write_bytes(content)
    with pytest.raises(DataError, match="broken"):
        read_mesh(tmp_path / f"broken{suffix}")


def test_other_suffix_is_refused_with_those_wanted(tmp_path):
    with pytest.raises(UsageError, match=r"\.off, \.obj, \.stl"):
        read_mesh(tmp_path / "shape.fbx")
    with pytest.raises(UsageError, match=r"\.off, \.obj, \.stl"):
        write_mesh(tmp_path / "shape.fbx", VERTICES, FACES)


def test_missing_trimesh_is_an_error_that_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "trimesh", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lessup\[mesh\]'"):
        read_mesh(tmp_path / "shape.stl")
