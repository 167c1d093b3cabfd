"""Where a number comes from: the command, the commit, the versions and the machine."""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("torch", "lightning", "numpy", "scikit-learn")
"""Packages whose version can change a score."""


def provenance() -> dict[str, Any]:
    """Return what stands beside every number that is written: version, command and commit."""
    return {"lessup": version("lessup"), "command": " ".join(["lessup", *sys.argv[1:]]), "commit": _commit()}


def versions() -> dict[str, str]:
    """Return the versions of ``PACKAGES``."""
    return {name: version(name) for name in PACKAGES}


def machine() -> dict[str, Any]:
    """Describe the machine that a figure was measured on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return {"python": platform.python_version(), "threads": torch.get_num_threads(), "cpu": _cpu(), "gpu": gpu}


def _commit() -> str:
    """Return the commit of a source checkout; empty for an installed package."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
