import re
import subprocess

from lessup.runs import provenance


def test_command_version_and_commit_are_named(monkeypatch):
    monkeypatch.setattr(provenance.sys, "argv", ["/usr/bin/lessup", "train", "voxnet"])
    found = provenance.provenance()
    assert found["command"] == "lessup train voxnet"
    assert re.fullmatch(r"([0-9a-f]{7,})?", found["commit"])
    assert found["lessup"]


def test_an_installed_package_has_no_commit(monkeypatch):
    def no_git(*_, **__):
        raise subprocess.CalledProcessError(128, "git")

    monkeypatch.setattr(provenance.subprocess, "run", no_git)
    assert provenance.provenance()["commit"] == ""


def test_the_machine_and_all_packages_are_named():
    assert set(provenance.machine()) == {"python", "threads", "cpu", "gpu"}
    assert set(provenance.versions()) == set(provenance.PACKAGES)
