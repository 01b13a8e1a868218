"""Take the pin of a corpus out of data.dvc: of one that has left the catalogue, or whose files cannot be had here.

While a pin is there and its folder is not, DVC runs no stage. The folder itself, where it is there, stays. A corpus that is still in use is
refused: one of the catalogue whose files are here, or whose experiments are switched on.
"""

import argparse
from pathlib import Path

from malmoi.config import ConfigError
from malmoi.registry import suggest
from tasks import _benchmarks, _catalogue, _graph, _pins


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="a folder of data/ that data.dvc pins")
    parser.add_argument("--data", type=Path, default=_catalogue.DATA, help="default: %(default)s")
    parser.add_argument("--pins", type=Path, default=_pins.PATH, help="default: %(default)s")
    parser.add_argument("--catalogue", type=Path, default=_catalogue.PATH, help="default: %(default)s")
    parser.add_argument("--pipeline", type=Path, default=Path("dvc.yaml"), help="default: %(default)s")


def run(names: list[str], data: Path, pins: Path, catalogue: Path, pipeline: Path) -> None:
    """Take the pins out. Raises ConfigError for a folder that is not pinned or still in use; then nothing is changed."""
    known = [folder.name for folder in _pins.folders(pins)]
    for name in names:
        if name not in known:
            raise ConfigError(f"{pins} pins no {name!r}{suggest(name, known)}")
        if why := in_use(name, data, catalogue, pipeline):
            raise ConfigError(why)
    for name in names:
        _pins.remove(pins, data / name)
        left = f"; its files are still in {data / name}" if (data / name).exists() else ""
        print(f"{name}: {pins} pins it no longer{left} (python -m tasks fetch {name} brings it back, where the catalogue has it)")


def in_use(name: str, data: Path, catalogue: Path, pipeline: Path) -> str:
    """Why a pin should stay, and what to do first; "" where nothing needs it."""
    if not catalogue.is_file() or name not in _benchmarks.names_of_all(catalogue):
        return ""
    if (data / name).exists():
        cure = f"take its entry out of {catalogue} first, or remove {data / name} if you want its files no more"
        return f"{name}: the catalogue has it and its files are here, so its pin is in nobody's way; {cure}"
    if pipeline.is_file() and name in _graph.entries(pipeline, "ingest"):
        cure = f"python -m tasks fetch {name}, or switch off what reads it (python -m tasks disable {name}) and forget it then"
        return f"{name}: {pipeline} switches experiments on that read it; {cure}"
    return ""
