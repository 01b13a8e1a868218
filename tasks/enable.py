"""Switch the experiments of a corpus on: takes the `#` away before params/experiments/NAME.yaml in dvc.yaml."""

import argparse
from pathlib import Path

from tasks._switch import missing, switch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="a file of params/experiments, without .yaml: bills, nsmc, ...")
    parser.add_argument("--pipeline", type=Path, default=Path("dvc.yaml"), help="default: dvc.yaml")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where corpora are; default: data")


def run(names: list[str], pipeline: Path, data: Path) -> None:
    """Switch on what is named, and say what is still missing. Raises ConfigError for an unknown name."""
    for name in names:
        changed = switch(name, pipeline, on=True)
        print(f"{name}: {'switched on' if changed else 'was on already'} in {pipeline}")
        for corpus in missing(name, pipeline, data):
            print(f"  its data is not here yet: python -m tasks fetch {corpus}")
    print("next: python -m flows.local   (or dvc repro)")
