import pytest

from lessup.runs.files import is_first_process, is_occupied


@pytest.mark.parametrize(
    ("variables", "first"),
    [
        ({}, True),
        ({"RANK": "0"}, True),
        ({"RANK": "3", "LOCAL_RANK": "0"}, False),
        ({"SLURM_PROCID": "0"}, True),
        ({"SLURM_PROCID": "2"}, False),
        ({"LOCAL_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, False),
        ({"NODE_RANK": "1"}, False),
    ],
)
def test_the_first_process_is_known_from_what_launchers_set(monkeypatch, variables, first):
    for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK", "NODE_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert is_first_process() is first


def test_a_folder_is_occupied_by_files_within_it_or_a_file_in_its_place(tmp_path):
    assert not is_occupied(tmp_path / "nothing")
    assert not is_occupied(tmp_path)
    (tmp_path / "file").touch()
    assert is_occupied(tmp_path)
    assert is_occupied(tmp_path / "file")
