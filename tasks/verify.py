"""Does a registered model hold what it says? From the version to commit, DVC hashes, params, seed, packages, code, files and scores.

python -m tasks verify classify-bills@champion          # in a clean checkout, from the raw data, and trains it anew: the same bytes?
python -m tasks verify classify-bills@champion --quick  # the same without making data and model again; scores are computed anew
python -m tasks verify classify-bills/3

Says each link, and ends with exit status 1, naming what differs, where anything was changed.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tasks._checkout import Checkout
    from tasks._claims import Claim
    from tasks._findings import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("model", metavar="MODEL", help="NAME@ALIAS, NAME/VERSION, or NAME for its champion")
    parser.add_argument("--quick", action="store_true", help="check the links and score anew; make neither data nor model again")


def run(model: str, quick: bool = False) -> None:
    """Check every link. Raises ConfigError where the model is not there, and, at the end, where links are broken."""
    from malmoi.config import ConfigError
    from tasks import _claims, _tracking

    with _claims.claim(_tracking.store(), model) as claim:
        where = f"{claim.name} version {claim.version}"
        print(f"{where}: {claim.experiment}, seed {claim.seed}", flush=True)
        found = check(claim, _tracking.ROOT, quick, lambda one: print(f"  {one}", flush=True))
    if wrong := [one.link for one in found if one.wrong]:
        raise ConfigError(f"{where} is not what it says: {', '.join(wrong)}")
    unchecked = [one.link for one in found if one.unchecked]
    if unchecked and (quick or "commit" in unchecked):
        raise ConfigError(f"{where}: nothing is wrong with what could be checked, but these could not: {', '.join(unchecked)} (see ?)")
    instead = f" in place of a comparison with DVC's copies ({', '.join(unchecked)})" if unchecked else ""
    print(f"{where} is what it says" + ("; not made anew (--quick)" if quick else f", and was made anew{instead}"))


def check(claim: "Claim", root: "Path", quick: bool, told: "Callable[[Finding], None]") -> "list[Finding]":
    """The links that are broken, or could not be checked. told: hears of each link as soon as it is known."""
    from tasks import _checkout, _lineage_checks
    from tasks._findings import attempt

    found = [
        attempt("identity", lambda: _lineage_checks.identity(claim)),
        attempt("files", lambda: _lineage_checks.files(claim)),
        attempt("commit", lambda: _lineage_checks.commit(claim, root)),
    ]
    for one in found:
        told(one)
    if found[-1].wrong or found[-1].unchecked:
        return [one for one in found if one.wrong or one.unchecked]  # the others need a checkout
    with _checkout.checkout(root, found[-1].said.split()[0]) as clean:
        clean.bring(f"out/train/{claim.experiment}", f"out/evaluate/{claim.experiment}", f"out/ingest/{claim.corpus}")  # all at once
        for link, look in _checks(quick).items():
            found.append(attempt(link, partial(look, claim, clean)))
            told(found[-1])
    return [one for one in found if one.wrong or one.unchecked]


def _checks(quick: bool) -> "dict[str, Callable[[Claim, Checkout], str]]":
    """In their order; the last ones are slow."""
    from tasks import _content_checks, _lineage_checks, _rebuilding

    checks: dict[str, Callable[[Claim, Checkout], str]] = {
        "dvc.lock": _lineage_checks.lock,
        "code": _lineage_checks.code,
        "params": _lineage_checks.params,
        "seed": _lineage_checks.seed,
        "shipped code": _content_checks.shipped,
        "requirements": _content_checks.requirements,
        "environment": _content_checks.environment,
        "weights": _content_checks.bundle,
        "metrics": _content_checks.metrics,
        "scores": _rebuilding.scores,
    }
    return checks if quick else checks | {"data": _rebuilding.data, "training": _rebuilding.training}
