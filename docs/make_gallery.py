"""Draws docs/pictures/gallery_*.png and writes docs/gallery.md, with the command under each picture.

    python docs/make_gallery.py [NAME...]      all pictures, or only those named; the page is always written

The two pictures of trained models use MovieLens-100K, which is fetched where it is not in the cache; that of a search
runs one, for half a minute.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from symloss.cli import main as symloss

DOCS = Path(__file__).resolve().parent
LARGEST = 150_000
"""Bytes of a picture in the repository."""

HEAD = """# Gallery

The command under each picture draws it; `python docs/make_gallery.py` draws them all and writes this page. What
they show is explained in [plot.md](plot.md). Here they are PNG at 150 dots an inch, reduced to 256 colours to keep
the repository small; for a paper write PDF: `-o figure.pdf`.
"""

SEVEN = "mse bce hinge focal maxr sumr logmin --eps 0.1"
WRONG = "'(yhat - y)**2*(yhat - 0.3)'"
SEARCH = "search --preset paper --loops 60 --learning-rate 0.3 --evaluation-time 5s --max-epochs 5 --out RUN"


@dataclass(frozen=True)
class Picture:
    """One picture: its file, heading, what to look at, and the arguments of `symloss plot`."""

    name: str
    title: str
    text: str
    arguments: str
    first: str = ""


PICTURES = [
    Picture("all", "One loss", "Surface, curves and gradients of MaxR.", "maxr --eps 0.1"),
    Picture(
        "wrong",
        "A loss that is wrong in places",
        "Orange and hatched: the gradient is proved to point away from the label. The crosses are verified witnesses.",
        f"{WRONG} --kind gradients",
    ),
    Picture(
        "curves",
        "The losses of the paper",
        "f for each label; triangles: it goes on.",
        f"{SEVEN} --kind curves",
    ),
    Picture("gradients", "Their gradients", "By the prediction.", f"{SEVEN} --kind gradients"),
    Picture("logit", "Their gradients on the logit", "What a model receives.", f"{SEVEN} --kind logit"),
    Picture("surface", "Their surfaces", "f over prediction and label.", f"{SEVEN} --kind surface"),
    Picture("contour", "Their contours", "Hatched: beyond the scale.", f"{SEVEN} --kind contour"),
    Picture(
        "compare",
        "All in one picture",
        "Scaled to the same mean size of the gradient, against the logit because the hinge loss takes one.",
        f"{SEVEN} --kind compare",
    ),
    Picture(
        "consistency",
        "Best predictions",
        "The prediction that minimises the expected loss for a share p of positives. On the grey line: proper. "
        "A dotted step: it jumps.",
        f"{SEVEN} --kind consistency",
    ),
    Picture(
        "grey",
        "A style sheet of matplotlib",
        "Lines differ without colour as well.",
        "bce focal maxr --eps 0.1 --kind compare --style grayscale",
    ),
    Picture(
        "reliability",
        "Reliability of trained models",
        "Matrix factorisation on MovieLens-100K, validation part.",
        "bce mse maxr --eps 0.1 --kind reliability",
    ),
    Picture(
        "landscape",
        "Loss landscapes",
        "The same models: mean loss along two random directions with normalised filters.",
        "bce maxr --eps 0.1 --kind landscape",
    ),
    Picture(
        "progress",
        "Progress of a search",
        "Left: the recommender's metric, accepted and rejected loops. Right: what became of sampled losses.",
        "--kind progress --run RUN",
        SEARCH,
    ),
]


def run(arguments: list[str]) -> None:
    """Run a command of symloss, or end with its message."""
    result = CliRunner().invoke(symloss, arguments)
    if result.exit_code != 0:
        sys.exit(f"symloss {shlex.join(arguments)}\n{result.output}")


def draw(picture: Picture) -> None:
    """Draw one picture by its command."""
    path = DOCS / "pictures" / f"gallery_{picture.name}.png"
    with tempfile.TemporaryDirectory() as folder:
        found = str(Path(folder) / "run")
        for command in filter(None, (picture.first, f"plot {picture.arguments} --dpi 150 -o FILE")):
            words = {"RUN": found, "FILE": str(path)}
            run([words.get(word, word) for word in shlex.split(command)])
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True, dpi=(150, 150))
    if path.stat().st_size > LARGEST:
        sys.exit(f"{path.name} has {path.stat().st_size} bytes; the limit is {LARGEST}")
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for picture in PICTURES:
        commands = [f"$ symloss {picture.first}"] if picture.first else []
        commands.append(f"$ symloss plot {picture.arguments} --dpi 150 -o gallery_{picture.name}.png")
        image = f"![{picture.title}](pictures/gallery_{picture.name}.png)"
        code = "\n".join(["```console", *commands, "```"])
        parts.append(f"## {picture.title}\n\n{picture.text}\n\n{image}\n\n{code}\n")
    return "\n".join(parts)


def main(names: list[str]) -> None:
    """Draw the named pictures, or all, and write the page."""
    known = [picture.name for picture in PICTURES]
    for name in names:
        if name not in known:
            sys.exit(f"unknown picture {name!r}; there are {', '.join(known)}")
    os.chdir(DOCS)
    for picture in PICTURES:
        if not names or picture.name in names:
            draw(picture)
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
