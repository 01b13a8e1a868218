"""Switch the experiments of a corpus off: puts a `#` before its line in dvc.yaml.

What they made stays in out/ and in the cache of DVC; the next run takes them off the leaderboard.
"""

import argparse
from pathlib import Path

from tasks._switch import switch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="a file of params/experiments, without .yaml: bills, nsmc, ...")
    parser.add_argument("--pipeline", type=Path, default=Path("dvc.yaml"), help="default: dvc.yaml")


def run(names: list[str], pipeline: Path) -> None:
    """Switch off what is named. Raises ConfigError for an unknown name, and where nothing would be left on."""
    for name in names:
        changed = switch(name, pipeline, on=False)
        print(f"{name}: {'switched off' if changed else 'was off already'} in {pipeline}")
