"""Run with `python examples/autolossgen --help`."""

import sys
from pathlib import Path


def main() -> int:
    # The folder is a package: its modules import each other by the name "autolossgen".
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from autolossgen.command import main as command

    return command()


if __name__ == "__main__":
    sys.exit(main())
