"""How far a version of a corpus is from an earlier one: two profiles (out/profile/NAME, by `ingest`) against params/contract.yaml.

Prints a table, and examples of what is over its limit; ends with status 1 where anything is. `python -m flows.drift` does the same with the
profiles that a git revision pins.
"""

import argparse
from pathlib import Path

from malmoi import drift, profile
from malmoi.config import ConfigError
from malmoi.contract import PATH, limits
from tasks import _catalogue

ONLY_PRINTS = True  # it stops where nobody reads on
PROFILES = Path("out/profile")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("name", help="corpus, as in the catalogue")
    parser.add_argument("--before", type=Path, required=True, help="profile of the earlier version: a file, or the folder that it is in")
    parser.add_argument("--after", type=Path, help=f"profile of the later version; default: {PROFILES}/NAME")
    parser.add_argument("--out", type=Path, help="file to write the verdict to, as JSON")
    parser.add_argument("--catalogue", type=Path, default=_catalogue.PATH, help="default: %(default)s")
    parser.add_argument("--contract", type=Path, default=PATH, help="default: %(default)s")


def run(name: str, before: Path, after: Path | None, out: Path | None, catalogue: Path, contract: Path) -> None:
    """Compare, print, write. Raises ConfigError where the drift is over a limit."""
    asked = limits(contract, name, _catalogue.names(catalogue)).drift
    verdict = drift.compare(profile.load(before), profile.load(after or PROFILES / name), asked)
    print("\n".join(verdict.lines))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        profile.save(out, verdict.card())
    if verdict.broken:
        raise ConfigError(f"{name} is too far from its earlier version; where that is right, {contract}: corpora.{name}.drift says so")
