"""Take the pin of a corpus out of data.dvc: of one that has left the catalogue, or whose files cannot be had here.

While a pin is there and its folder is not, DVC runs no stage. The folder itself, where it is there, stays.
"""

import argparse
from pathlib import Path

from malmoi.config import ConfigError
from malmoi.registry import suggest
from tasks import _catalogue, _pins


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="a folder of data/ that data.dvc pins")
    parser.add_argument("--data", type=Path, default=_catalogue.DATA, help="default: %(default)s")
    parser.add_argument("--pins", type=Path, default=_pins.PATH, help="default: %(default)s")


def run(names: list[str], data: Path, pins: Path) -> None:
    """Take the pins out. Raises ConfigError for a folder that is not pinned; then nothing is changed."""
    known = [folder.name for folder in _pins.folders(pins)]
    for name in names:
        if name not in known:
            raise ConfigError(f"{pins} pins no {name!r}{suggest(name, known)}")
    for name in names:
        _pins.remove(pins, data / name)
        left = f"; its files are still in {data / name}" if (data / name).exists() else ""
        print(f"{name}: {pins} pins it no longer{left} (python -m tasks fetch {name} brings it back, where the catalogue has it)")
