import errno
import os
import pickle

import pytest
import torch
from training_toys import Toy, start, train

from lessup.errors import RunError
from lessup.training import restore
from lessup.training.checkpoints import WholeCheckpoints, read_checkpoint


def names(folder) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def fail_with_full_disk(*_args):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_keeps_the_checkpoint_before_and_says_so(tmp_path, monkeypatch):
    run = start(tmp_path / "run")
    train(run, steps=5)
    before = run.checkpoint().read_bytes()
    monkeypatch.setattr(os, "fsync", fail_with_full_disk)
    with pytest.raises(RunError, match=r"no room left for .*last\.ckpt"):
        WholeCheckpoints().save_checkpoint({"state_dict": {}}, run.checkpoint())
    assert run.checkpoint().read_bytes() == before
    assert names(run.path / "checkpoints") == ["best.ckpt", "last.ckpt"]


def test_a_disk_that_fills_up_ends_the_run_with_one_clear_error(tmp_path, monkeypatch):
    run = start(tmp_path / "run")
    real = os.fsync
    written = []

    def fsync_until_full(descriptor):
        written.append(descriptor)
        if len(written) > 6:
            fail_with_full_disk()
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_until_full)
    with pytest.raises(RunError, match="no room left"):
        train(run, checkpoint_every=1)
    monkeypatch.setattr(os, "fsync", real)
    restore(run)
    assert names(run.path / "checkpoints") == ["last.ckpt"]


def test_a_file_that_the_system_cuts_short_never_gets_the_final_name(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "checkpoints" / "last.ckpt"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(RunError, match="no room left"):
            WholeCheckpoints().save_checkpoint({"state_dict": {"weight": torch.zeros(10_000)}}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(path.parent) == []


def test_no_room_for_checkpoints_is_an_error_before_training(tmp_path, monkeypatch):
    run = start(tmp_path / "run")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 100})())
    method = Toy()
    method.step = None
    with pytest.raises(RunError, match="no room for the run"):
        train(run, method)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut short"])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "last.ckpt"
    path.write_bytes(content)
    with pytest.raises(RunError, match="damaged or no checkpoint"):
        read_checkpoint(path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "evil"),))

    for save in (torch.save, lambda content, path: path.write_bytes(pickle.dumps(content, 2))):
        save({"state_dict": {"weight": Evil()}}, tmp_path / "last.ckpt")
        with pytest.raises(RunError, match="damaged or no checkpoint"):
            read_checkpoint(tmp_path / "last.ckpt")
    assert not (tmp_path / "evil").exists()


def test_a_file_without_weights_and_a_missing_one_are_refused(tmp_path):
    torch.save([1], tmp_path / "last.ckpt")
    with pytest.raises(RunError, match="no weights"):
        read_checkpoint(tmp_path / "last.ckpt")
    with pytest.raises(RunError, match="no checkpoint at"):
        read_checkpoint(tmp_path / "best.ckpt")


def test_resuming_from_a_damaged_checkpoint_is_a_clear_error(tmp_path):
    run = start(tmp_path / "run")
    train(run, steps=5)
    run.checkpoint().write_bytes(run.checkpoint().read_bytes()[:500])
    with pytest.raises(RunError, match="damaged"):
        train(run, resume=True)


def test_resuming_from_another_methods_checkpoint_is_a_clear_error(tmp_path):
    from training_toys import Width

    run = start(tmp_path / "run")
    train(run, steps=5)
    with pytest.raises(RunError, match="do not fit"):
        train(run, Toy(Width(width=9)), resume=True)
