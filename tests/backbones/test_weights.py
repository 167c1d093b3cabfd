import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lessup.backbones import Backbone
from lessup.backbones.weights import begin_from, load, read
from lessup.errors import DataError
from lessup.runs import Run


def network() -> Backbone:
    torch.manual_seed(0)
    stages = {
        "conv1": nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)),
        "fc6": nn.Sequential(nn.Flatten(), nn.Linear(2, 4)),
    }
    return Backbone(stages, side=3, channels=1, default="fc6", aliases={"first.": "stages.conv1.0."})


def other_values() -> dict[str, torch.Tensor]:
    return {name: torch.full_like(value, 0.5) for name, value in network().state_dict().items()}


@pytest.mark.parametrize("prefix", ["", "module.", "method.backbone.", "a.b.c."])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_load_whatever_stands_before_their_names(tmp_path, prefix, suffix):
    file = tmp_path / f"weights{suffix}"
    values = {prefix + name: value for name, value in other_values().items()} | {"head.weight": torch.ones(1)}
    save_file(values, file) if suffix == ".safetensors" else torch.save(values, file)
    backbone = network()
    match = load(backbone, file)
    assert all(value.eq(0.5).all() for value in backbone.state_dict().values() if value.is_floating_point())
    assert len(match.matched) == 8
    assert (match.missing, match.reshaped, match.unexpected) == ((), (), ("head.weight",))
    assert str(match) == "8 of 8 weights loaded; 1 not used (head.weight)"


def test_report_names_what_is_missing_and_of_another_shape_and_leaves_it(tmp_path):
    before = network().state_dict()
    values = other_values()
    del values["stages.fc6.1.bias"]
    values["stages.fc6.1.weight"] = torch.ones(4, 3)
    torch.save({"epoch": 3, "state_dict": values}, tmp_path / "weights.ckpt")
    backbone = network()
    match = load(backbone, tmp_path / "weights.ckpt")
    assert match.missing == ("stages.fc6.1.bias",)
    assert match.reshaped == ("stages.fc6.1.weight",)
    after = backbone.state_dict()
    for name in (*match.missing, *match.reshaped):
        assert after[name].equal(before[name])
    assert str(match) == (
        "6 of 8 weights loaded; 1 missing (stages.fc6.1.bias); 1 of another shape (stages.fc6.1.weight)"
    )


def test_names_of_published_files_are_known_to_the_backbone(tmp_path):
    torch.save({"net.first.weight": torch.ones(2, 1, 3, 3), "net.first.bias": torch.ones(2)}, tmp_path / "w.pth")
    assert load(network(), tmp_path / "w.pth").matched == ("stages.conv1.0.bias", "stages.conv1.0.weight")


def test_checkpoint_of_a_run_folder_loads(tmp_path):
    run = Run.create(tmp_path / "run")
    run.write_config({"lessup": "0"})
    run.checkpoint().parent.mkdir()
    values = {f"method.backbone.{name}": value for name, value in other_values().items()}
    torch.save({"state_dict": values, "step": 7}, run.checkpoint())
    assert load(network(), run.path).missing == ()


def test_half_precision_loads_as_float32(tmp_path):
    save_file({name: value.half() for name, value in other_values().items()}, tmp_path / "half.safetensors")
    backbone = network()
    load(backbone, tmp_path / "half.safetensors")
    assert backbone.stages["fc6"][1].weight.dtype == torch.float32


class Hostile:
    def __reduce__(self):
        return (print, ("run",))


def hostile(path):
    torch.save({"weight": Hostile()}, path)


def plain_pickle(path):
    path.write_bytes(pickle.dumps({"weight": Hostile()}, protocol=2))


def cut_short(path):
    torch.save(other_values(), path)
    path.write_bytes(path.read_bytes()[:-300])


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"0" * 10**7)


@pytest.mark.parametrize("write", [hostile, plain_pickle, cut_short, bomb, lambda path: path.write_bytes(b"")])
def test_file_that_is_damaged_or_would_run_code_is_refused(tmp_path, write, capsys):
    write(tmp_path / "weights.pth")
    with pytest.raises(DataError, match=r"weights\.pth is damaged or holds more than tensors"):
        load(network(), tmp_path / "weights.pth")
    assert capsys.readouterr().out == ""


def test_damaged_safetensors_are_refused(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(DataError, match="no safetensors file"):
        load(network(), tmp_path / "weights.safetensors")


def test_file_in_which_nothing_fits_is_refused_with_both_names(tmp_path):
    torch.save({"w": torch.ones(1)}, tmp_path / "weights.pth")
    with pytest.raises(DataError, match=r"it has w; wanted stages\.conv1\.0\.bias"):
        load(network(), tmp_path / "weights.pth")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    torch.save(other_values() | {"stages.fc6.1.bias": torch.full((4,), torch.nan)}, tmp_path / "weights.pth")
    with pytest.raises(DataError, match=r"not finite, in stages\.fc6\.1\.bias"):
        load(network(), tmp_path / "weights.pth")


def test_what_is_no_state_dict_is_refused(tmp_path):
    torch.save(torch.ones(3), tmp_path / "weights.pth")
    with pytest.raises(DataError, match="holds a Tensor; wanted tensors by name"):
        load(network(), tmp_path / "weights.pth")


def test_missing_file_is_named_with_what_may_stand_there(tmp_path):
    with pytest.raises(DataError, match=r"no weights at .*none\.pth: wanted a \.safetensors"):
        load(network(), tmp_path / "none.pth")


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
def test_only_dense_numbers_are_read(tmp_path):
    values = {
        "kept": torch.ones(2, dtype=torch.bfloat16),
        "counter": torch.tensor(3),
        "sparse": torch.eye(3).to_sparse(),
        "elsewhere": torch.ones(2, device="meta"),
        "complex": torch.ones(2, dtype=torch.complex64),
        "note": "text",
    }
    torch.save(values, tmp_path / "weights.pth")
    assert list(read(tmp_path / "weights.pth")) == ["kept"]


def test_run_begins_from_named_weights_and_says_so_once(tmp_path, capsys, monkeypatch):
    save_file(other_values(), tmp_path / "weights.safetensors")
    trained = network()
    begin_from("", trained)
    assert not capsys.readouterr().err
    begin_from(str(tmp_path / "weights.safetensors"), trained)
    assert "weights.safetensors: 8 of 8 weights loaded" in capsys.readouterr().err
    assert (trained.state_dict()["stages.fc6.1.weight"] == 0.5).all()
    monkeypatch.setenv("RANK", "1")
    begin_from(str(tmp_path / "weights.safetensors"), network())
    assert not capsys.readouterr().err
