"""Draw sweeps and tell MLflow of them, from what `flows.sweep` left in .malmoi/sweeps: table, plots, a run for each trial.

A sweep does this by itself. By hand it is for a tracking server that was down or is new; a trial is one run however often it is recorded.
"""

import argparse
import sys
from pathlib import Path

PLACE = Path(".malmoi/sweeps")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help=f"a sweep's folder (default: all in {PLACE})")
    parser.add_argument("--quiet", action="store_true", help="say nothing where all is well")


def run(folders: list[Path], quiet: bool = False) -> None:
    """Write sweep.md and the plots into each folder, and fill MLflow. A server that does not answer is a warning.

    Raises ConfigError where a folder holds no sweep.
    """
    from malmoi.config import ConfigError
    from tasks import _sweep_figures, _sweeps

    found = folders or sorted(path.parent for path in PLACE.glob("*/sweep.json"))
    if not found:
        raise ConfigError(f"{PLACE}: no sweep in there; make one: python -m flows.sweep params/sweep.yaml")
    for folder in found:
        sweep = _sweeps.read(folder)
        (folder / "sweep.md").write_text(_sweeps.page(sweep), encoding="utf-8")
        plots = _sweep_figures.draw(sweep, folder)
        said = _record(sweep, [folder / "sweep.md", *plots])
        if said and not quiet:
            print(f"{sweep.name}: {said}", flush=True)


def _record(sweep: object, files: list[Path]) -> str:
    """What was done in MLflow, in words; "" where tracking is switched off or nothing answers, which is said on stderr."""
    from tasks import _failures, _live, _sweep_runs, _tracking

    if _live.off():
        return ""
    try:
        return _sweep_runs.record(_tracking.store(), sweep, files)  # type: ignore[arg-type]
    except Exception as error:
        if not _failures.silent(error):
            raise
        where = _failures.hidden(_tracking.address())
        print(
            f"warning: MLflow at {where} does not answer ({_failures.reason(error)}). Nothing is lost: "
            "run `python -m tasks sweeps` again when it is back.",
            file=sys.stderr,
            flush=True,
        )
        return ""
