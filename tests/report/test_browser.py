"""The page in a real browser: formulas are typeset, nothing is cut, scripts are not needed, it prints.

Chromium or Chrome is looked for on the PATH, or taken from SYMLOSS_BROWSER. Firefox has no switches for the tree of a
page and for PDF, so it is used for the screenshot only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from symloss.report import gather, page
from tests.report.conftest import Runs
from tests.report.reading import read_html

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
            "--force-device-scale-factor=1")  # fmt: skip


def browser(names: tuple[str, ...]) -> str:
    named = os.environ.get("SYMLOSS_BROWSER")
    known = Path(named).name if named else ""
    if named and any(known.startswith(name) for name in names):
        return named
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(names)} is on the PATH, and SYMLOSS_BROWSER names none")
    return found


def chromium(folder: Path, file: Path, *switches: str, width: int = 1100, height: int = 900) -> str:
    command = [
        browser(CHROMIUM),
        *SWITCHES,
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},{height}",
    ]
    done = subprocess.run(
        [*command, *switches, file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        errors="replace",
    )
    return done.stdout


def pixels(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    from matplotlib.image import imread

    return np.asarray(imread(path))[..., :3]


@pytest.fixture(scope="module")
def report(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(gather(runs.contest)), encoding="utf-8")
    return path


def test_the_browser_takes_the_page_as_it_is_written(report: Path, tmp_path: Path) -> None:
    # The browser's own tree has the elements that were written, in that order: it had nothing to repair.
    written = read_html(report.read_text(encoding="utf-8"))
    shown = chromium(tmp_path, report, "--dump-dom")
    for name in (
        "section",
        "math",
        "mfrac",
        "msup",
        "table",
        "caption",
        "tr",
        "th",
        "td",
        "svg",
        "figcaption",
        "pre",
    ):
        assert len(re.findall(rf"<{name}[\s>]", shown)) == len(written.all(name)), name
    assert len(written.all("math")) > 10
    identifiers = [node.attributes["id"] for node in written.all("section")]
    assert re.findall(r'<section id="([^"]*)"', shown) == identifiers


MEASURE = """<script>
const out = [], page = document.documentElement;
if (page.scrollWidth > window.innerWidth) out.push('page wider than the window: ' + page.scrollWidth);
for (const one of document.querySelectorAll('math')) {
  const box = one.getBoundingClientRect();
  if (box.width < 3 || box.height < 5) out.push('formula without size: ' + one.textContent);
  const style = getComputedStyle(one).display;
  if (!style.includes('math')) out.push('formula not typeset: ' + style);
}
for (const one of document.querySelectorAll('td, th, dd, code, .math'))
  if (one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1) out.push('cut: ' + one.textContent.slice(0, 80));
for (const row of document.querySelectorAll('tr')) {
  const cells = [...row.children].map(cell => cell.getBoundingClientRect());
  for (let k = 1; k < cells.length; k++) if (cells[k].left < cells[k - 1].right - 1) out.push('cells overlap');
}
for (const one of document.querySelectorAll('section, figure svg'))
  if (one.getBoundingClientRect().height < 20) out.push('empty: ' + one.id);
document.title = 'measured ' + out.join('; ');
</script></body>"""


@pytest.mark.parametrize("width", [1400, 1000, 500])
def test_nothing_is_cut_or_overlaps(report: Path, tmp_path: Path, width: int) -> None:
    # Measuring takes a script, which the page itself forbids.
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report.read_text(encoding="utf-8"))
    made = tmp_path / "measured.html"
    made.write_text(text.replace("</body>", MEASURE), encoding="utf-8")
    shown = chromium(tmp_path, made, "--dump-dom", width=width)
    title = re.search(r"<title>(.*?)</title>", shown, re.DOTALL)
    assert title is not None and title[1] == "measured "


def test_the_policy_forbids_scripts(report: Path, tmp_path: Path) -> None:
    made = tmp_path / "scripted.html"
    script = "<script>document.title = 'it ran'</script></body>"
    made.write_text(report.read_text(encoding="utf-8").replace("</body>", script), encoding="utf-8")
    assert "<title>it ran" not in chromium(tmp_path, made, "--dump-dom")


def test_without_scripts_it_looks_the_same(report: Path, tmp_path: Path) -> None:
    frame = "width:1000px;height:800px;border:0"
    for name, attribute in (("free", ""), ("sandboxed", "sandbox")):
        host = tmp_path / f"{name}.html"
        host.write_text(
            f'<body style="margin:0"><iframe {attribute} style="{frame}" src="{report.as_uri()}"></iframe>'
        )
        chromium(tmp_path, host, f"--screenshot={tmp_path / name}.png", width=1000, height=800)
    free, sandboxed = pixels(tmp_path / "free.png"), pixels(tmp_path / "sandboxed.png")
    assert free.shape == sandboxed.shape and (free == sandboxed).all()
    # text on a page: mostly light, and not empty
    assert 0.01 < float((free.mean(axis=2) < 0.5).mean()) < 0.3


def test_dark_screens_get_a_dark_page(report: Path, tmp_path: Path) -> None:
    dark = tmp_path / "dark.png"
    chromium(tmp_path, report, "--blink-settings=preferredColorScheme=0", f"--screenshot={dark}")
    assert float(pixels(dark).mean()) < 0.3


def test_it_prints(report: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    chromium(tmp_path, report, "--no-pdf-header-footer", f"--print-to-pdf={target}")
    document = target.read_bytes()
    assert document.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", document))
    boxes = {
        tuple(round(float(side)) for side in box.split())
        for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", document)
    }
    assert 4 <= pages <= 20 and boxes == {(0, 0, 595, 842)}
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL)
    unpacked = [zlib.decompressobj().decompress(stream) for stream in streams if stream[:1] == b"\x78"]
    # each page has text on it: none is left empty by a rule about breaks
    assert sum(b" Tf" in stream for stream in unpacked) >= pages


def test_firefox_or_chromium_takes_a_screenshot(report: Path, tmp_path: Path) -> None:
    found = browser(("firefox", "firefox-esr", *CHROMIUM))
    target = tmp_path / "shot.png"
    if "firefox" in Path(found).name:
        command = [
            found,
            "--headless",
            "--profile",
            str(tmp_path),
            "--window-size=1000,800",
            f"--screenshot={target}",
        ]
        subprocess.run([*command, report.as_uri()], capture_output=True, timeout=120, check=True)
    else:
        chromium(tmp_path, report, f"--screenshot={target}", width=1000, height=800)
    assert pixels(target).shape[1] >= 1000
