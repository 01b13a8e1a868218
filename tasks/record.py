"""Fill MLflow from out/: runs, epochs, params, scores, plots, and the champions as registered models. Can be run again at any time.

The same bundle is one run however often it is recorded, and a clone that has only pulled `out/` can fill an empty server. Where the
server cannot be reached that is a warning, not a failure: nothing is lost, run it again later (with --strict it is a failure).
"""

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of all outputs (default: out)")
    parser.add_argument("--quiet", action="store_true", help="say nothing where there was nothing to do")
    parser.add_argument(
        "--strict", action="store_true", help="a server that cannot be reached, or a champion that is not here, is an error"
    )


def run(out: Path = Path("out"), quiet: bool = False, strict: bool = False) -> None:
    """Record everything under `out`. Raises ConfigError where `out` holds nothing, or a file in it is broken."""
    from malmoi.config import ConfigError
    from tasks import _aliases, _failures, _runs, _tracking

    if not any(out.glob("train/*/seed-*/bundle.json")):
        raise ConfigError(f"{out}: no trained model in there (train/*/seed-*/bundle.json); make some: dvc repro")
    try:
        said = _fill(out)
    except ConnectionError as error:
        warning = f"{error}. Nothing is lost: run `python -m tasks record` again when it is back."
        if strict:
            raise ConfigError(warning) from None
        print(f"warning: {warning}", file=sys.stderr)
        return
    if strict and (lost := _aliases.missing(out)):
        raise ConfigError(
            f"not registered, since their champions' bundles are not here: {', '.join(lost)}; bring them: dvc pull champions/bundles.dvc"
        )
    late = sorted(_runs.unfinished(out))
    if late:
        said = f"{said or 'nothing new'}; not trained to the end yet, left for later: {', '.join(late)}"
    if said or not quiet:
        print(f"MLflow at {_failures.hidden(_tracking.address())}: {said or 'nothing new'}", flush=True)


def _fill(out: Path) -> str:
    """What was done, in words; "" for nothing. Raises ConnectionError where MLflow does not answer, or stops answering."""
    from tasks import _aliases, _failures, _intrinsic_runs, _recording, _requests, _tracking

    try:
        store = _tracking.store()
        done = _recording.record(store, out)
        done += _intrinsic_runs.record(store, out)
        registered = _requests.again(lambda: _aliases.register(store, out))
    except Exception as error:
        if not _failures.silent(error):
            raise
        raise ConnectionError(f"MLflow at {_failures.hidden(_tracking.address())} does not answer: {_failures.reason(error)}") from None
    words = {"new": "new", "completed": "completed", "ended": "left over by a crash and now marked KILLED"}
    runs = [f"{done[kind]} run{'s' if done[kind] > 1 else ''} {said}" for kind, said in words.items() if done[kind]]
    return ", ".join(runs + [f"champion {name}" for name in registered])
