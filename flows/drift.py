"""`python -m flows.drift`: has the data changed too much? The profiles in out/profile against those that a git revision pins.

Ends with status 1 where a corpus is over a limit of its contract (params/contract.yaml), 2 where that cannot be told.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from flows import profiles
from malmoi import drift, profile
from malmoi.config import ConfigError
from malmoi.contract import PATH, Drift, limits
from malmoi.drift import Verdict
from tasks import _catalogue, _graph
from tasks.runtime import output

GRAPH = Path("dvc.yaml")


def check(names: Iterable[str] | None = None, rev: str = "HEAD") -> list[Verdict]:
    """Compare the workspace's corpora, by name (none given: all that dvc.yaml switches on), with what `rev` pins.

    To be called after `ingest` has run and before anything is trained, in the project's root. Of each verdict `broken` says whether the
    drift is over a limit, `lines` is a table with examples for people, `corpus` the name; a corpus that `rev` does not have is not broken,
    and its `note` says so. Raises ConfigError where that cannot be told: no profile in out/profile, one that is pinned but nowhere to be
    found, an unknown revision, a contract that cannot be read.
    """
    known = _catalogue.names(_catalogue.PATH)
    asked = sorted(_graph.entries(GRAPH, "ingest")) if names is None else [*names]
    with profiles.Revision(rev) as revision:
        return [_compared(name, revision, limits(PATH, name, known).drift) for name in asked]


def _compared(name: str, revision: profiles.Revision, asked: Drift) -> Verdict:
    after = profile.load(profiles.FOLDER / name)
    before = revision.profile(name)
    if before is None:
        return Verdict(name, note=f"{revision.rev} has no profile of it, so there is nothing to compare with")
    return drift.compare(before, after, asked)


def main(given: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 all is within its limits, 1 something is not, 2 that cannot be told."""
    parser = argparse.ArgumentParser("python -m flows.drift", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="corpora (default: all that are switched on)")
    parser.add_argument("--rev", default="HEAD", help="git revision to compare with; default: %(default)s")
    options = parser.parse_args(given)
    try:
        verdicts = check(options.names or None, options.rev)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(line for verdict in verdicts for line in verdict.lines))
    return 1 if any(verdict.broken for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(output.run(main))
