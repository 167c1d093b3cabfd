import torch
from torchvision.models import VisionTransformer

from lessup import backbones
from lessup.backbones import weights
from lessup.methods import flat


@torch.no_grad()
def test_stages_with_torchvisions_weights_give_its_class_token(tmp_path):
    torch.manual_seed(0)
    theirs = VisionTransformer(224, 16, 12, 6, 384, 1536).eval()
    torch.save(theirs.state_dict(), tmp_path / "vit.pth")
    ours = backbones.build("vit-s", channels=3).eval()
    match = weights.load(ours, tmp_path / "vit.pth")
    assert match.missing == match.reshaped == ()
    assert match.unexpected == ("heads.head.bias", "heads.head.weight")
    theirs.heads = torch.nn.Identity()
    x = torch.rand(2, 3, 224, 224)
    found = ours.features(x, ("block12", "norm", "pool", "cls"))
    torch.testing.assert_close(found["cls"], theirs(x))
    assert found["pool"].equal(found["norm"][:, 1:].mean(1))
    assert flat(found["block12"]).equal(found["block12"].mean(1))


def test_parameters_are_the_22_050_664_published_without_the_classifier():
    assert sum(p.numel() for p in backbones.build("vit-s", channels=3).parameters()) == 22_050_664 - 385_000
