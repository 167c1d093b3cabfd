"""The report in a real browser: every figure is drawn, shapes included, and nothing is asked of a network."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from skimage.io import imread

from lessup.report import write
from lessup.report.page import Section, page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # Shapes are drawn with WebGL, here on the processor.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # A machine without a network: whatever the page asked for would fail and show.
    "--proxy-server=127.0.0.1:9",
    "--virtual-time-budget=300000",
    "--enable-logging=stderr",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium found: apt-get install -y chromium"),
]


def opened(file: Path, folder: Path) -> tuple[str, str, Path]:
    """Open a page and let its scripts end; return its elements, what was logged, and a picture of it."""
    picture = folder / "page.png"
    asked = ["--dump-dom", f"--screenshot={picture}", "--window-size=1200,6000", file.as_uri()]
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", *asked]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    return done.stdout, done.stderr, picture


@pytest.fixture(scope="module")
def report(tmp_path_factory, make_run):
    folder = tmp_path_factory.mktemp("browser")
    run = make_run(folder / "unet")
    run.warn({"step": 400, "message": "<img src=x onerror=\"document.title='hacked'\">"})
    return opened(write([run], folder / "report.html"), folder)


def test_every_figure_of_a_report_is_drawn(report):
    elements, _, _ = report
    figures = re.findall(r'<figure class="(chart|viewer)"([^>]*)>', elements)
    assert [kind for kind, _ in figures].count("viewer") == 1
    assert len(figures) >= 8
    assert [attributes for _, attributes in figures if 'data-drawn="yes"' not in attributes] == []
    assert 'data-ready="yes"' in elements


def test_no_script_fails_and_nothing_is_fetched(report):
    elements, logged, _ = report
    assert re.findall(r"CONSOLE.*(?:Uncaught|Refused|violates|Failed|ERR_|rror:).*", logged) == []
    assert "<title>voxel-unet</title>" in elements


def test_repaired_cells_reach_the_screen(report):
    pixels = imread(report[2])[..., :3].astype(int)
    red, green, blue = pixels.reshape(-1, 3).T
    restored = (green > red + 60) & (green > blue + 15)  # the one green of the page: cells put back rightly
    assert restored.sum() > 500


def test_broken_figure_is_told_from_a_drawn_one(tmp_path):
    spec = '<script type="application/json">{</script>'
    body = f'<script>console.log("heard")</script><figure class="chart"><div class="plot"></div>{spec}</figure>'
    file = tmp_path / "page.html"
    file.write_text(page(title="x", lead="", sections=[Section("a", "A", body)], footer=""), encoding="utf-8")
    elements, logged, _ = opened(file, tmp_path)
    assert re.search(r"CONSOLE.*heard", logged)
    assert 'data-drawn="no"' in elements
    assert 'data-reason="SyntaxError' in elements
