"""Measure what is said about sequence models (malmoi/probes/) on Korean and English text that other stages prepared or modelled."""

import argparse
from pathlib import Path

from tasks import _probes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="an entry of table `text_probes`, which says what it reads")
    parser.add_argument("--params", type=Path, required=True, help="file that holds the entry: params/probes.yaml")
    parser.add_argument("--out", type=Path, required=True, help="folder to write finding.json and table.csv in")


def run(name: str, params: Path, out: Path) -> None:
    """Measure one claim. Raises ConfigError where the entry cannot be right."""
    _probes.measure("text_probes", name, params, out)
