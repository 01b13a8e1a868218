"""`python -m flows.sweep params/sweep.yaml`: try many values of any keys of params/, and keep every trial as a DVC experiment.

Optuna chooses; each trial runs the stages in a workspace of its own, several side by side, all with the project's DVC cache, so that what
no value changes is never made again. A trial that does badly early may be ended early. A sweep that was stopped or killed goes on where it
was when the same command is given again. Trials start from the git commit, HEAD, so what they try must be committed.

What comes out: experiments NAME-trial-N (dvc exp show, dvc exp apply); .malmoi/sweeps/NAME/ with a table (sweep.md), plots and the
log of each trial; in MLflow one run for the sweep and in it one for each trial. What the file may say: flows/_space.py.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows import _goal, _search, _space, trials
from flows._attempt import Place
from flows._conduct import Conductor, HopelessError
from flows._journal import Journal
from flows._locks import only
from flows.commands import Stop, Stopped, signals
from flows.logs import log_path
from flows.needs import here
from malmoi.config import ConfigError
from tasks import check
from tasks.runtime import output
from tasks.runtime.locks import BusyError

DEFAULT = 20  # trials, where neither the file nor the command says how many


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser("python -m flows.sweep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="SWEEP.yaml", help="what to try; params/sweep.yaml is an example")
    parser.add_argument(
        "--jobs", "-j", type=_number, default=0, metavar="N", help="trials side by side (default: one for each core and 2 GB)"
    )
    parser.add_argument(
        "--trials", "-n", type=_number, metavar="N", help="how many in all, those of earlier runs counted (default: the file's)"
    )
    parser.add_argument("--name", help="another name than the file's, and so another sweep of the same space")
    parser.add_argument("--dry-run", action="store_true", help="say what would be tried, and do nothing")
    parser.add_argument(
        "--from-head", action="store_true", help="go on although tracked files differ from HEAD: trials do not see the changes"
    )
    return parser


def _number(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def main(given: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 well, 1 nothing succeeded or something is wrong, 130 or 143 stopped by a signal."""
    from dvc.exceptions import DvcException

    options, stop = arguments().parse_args(given), Stop()
    try:
        with signals(stop):
            return _run(options, stop)
    except Stopped as stopped:
        print(f"{stopped}; go on with: python -m flows.sweep {options.file}", file=sys.stderr)
        return 128 + stopped.signal
    except (ConfigError, DvcException, HopelessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, stop: Stop) -> int:
    sweep = _space.read(options.file, options.name)
    project = trials.project()
    check.refuse(check.problems(project.root))
    goal = _goal.of(sweep, project.root, str(options.file))
    space = _space.dimensions(sweep, project.root, str(options.file))
    points = len(_search.grid(space)) if sweep.sampler.kind == "grid" else None
    wanted = min(options.trials or sweep.trials or points or DEFAULT, points or sys.maxsize)
    jobs = min(options.jobs or here(0).jobs, wanted)
    if options.dry_run:
        return _say(sweep, goal, space, (wanted, jobs))
    folder = log_path(project.root, "sweep").parents[1] / "sweeps" / sweep.name
    with only(folder, sweep.name) as note:
        if not (folder / "study.db").exists():
            _check_new(project, sweep.name, options)
        trials.gather(goal.targets)
        stop.check()
        search = _search.Search(folder / "study.db", space, sweep.sampler, sweep.pruner, _about(sweep, goal, project.commit))
        place = Place(_begun(project, search, options), folder, sweep.name, sweep.fixed)
        journal = Journal(search, goal, place, wanted, stop)
        _forget(search, place, journal)
        conductor = Conductor(search, goal, place, stop, journal.told)
        note(conductor.watchdog.mark)
        stop.check()
        journal.begin(jobs)
        return _conduct(conductor, journal, (wanted, jobs, sweep.timeout))


def _conduct(conductor: Conductor, journal: Journal, how: tuple[int, int, float | None]) -> int:
    try:
        conductor.run(*how)
    except BaseException:
        journal.stop()
        raise
    finally:
        conductor.watchdog.close()
    return 0 if journal.finish() else 1


def _about(sweep: _space.Sweep, goal: _goal.Goal, commit: str) -> dict[str, Any]:
    """What must stay as it is while a sweep goes on; `key` and `baseline` are those of its begin."""
    fixed = {name: value for name, value in asdict(sweep).items() if name in ("name", "sampler", "pruner", "fixed")}
    spaces = {
        name: {part: value for part, value in asdict(given).items() if value not in (None, False)} for name, given in sweep.space.items()
    }
    judged = {"targets": goal.targets, "metric": asdict(goal.metric), "direction": goal.metric.direction}
    on_the_way = {"intermediate": asdict(goal.intermediate) if goal.intermediate else None}
    return {**fixed, "space": spaces, **judged, **on_the_way, "key": os.urandom(8).hex(), "baseline": commit}


def _check_new(project: trials.Project, name: str, options: argparse.Namespace) -> None:
    """Raises ConfigError where an earlier sweep of this name has left experiments, or trials would not see what is in the files."""
    if left := trials.there(project, f"{name}-trial-"):
        raise ConfigError(
            f"there are experiments of an earlier sweep {name!r}: {', '.join(left[:5])}{', ...' if left[5:] else ''}; "
            f"give this one another name, or remove them: dvc exp remove {' '.join(left)}"
        )
    if (names := trials.edited(project, options.file)) and not options.from_head:
        raise ConfigError(
            f"trials start from HEAD, and these files differ from it: {', '.join(names)}; "
            "commit them (git commit), or let trials do without the changes: --from-head"
        )


def _begun(project: trials.Project, search: _search.Search, options: argparse.Namespace) -> trials.Project:
    """The project at the commit at which the sweep was begun, which is said where the files are not those of that commit."""
    begun = str(search.about["baseline"])
    names = trials.edited(project, options.file)
    if begun != project.commit or (names and not options.from_head):
        print(f"this sweep goes on from commit {begun[:10]}, where it was begun, not from the files as they are now", flush=True)
    return project if begun == project.commit else trials.project(begun)


def _forget(search: _search.Search, place: Place, journal: Journal) -> None:
    """What was interrupted and left half done goes; its values are tried again."""
    for number in search.recover():
        journal.again(number)
    for number in search.lost():
        if place.workspace(number).exists():
            trials.forget(place.project, place.experiment(number))
            with suppress(OSError, BusyError):  # the last of its processes may still be at work there
                trials.remove(place.workspace(number), timeout=5.0)


def _say(sweep: _space.Sweep, goal: _goal.Goal, space: Sequence[_space.Dimension], how: tuple[int, int]) -> int:
    """The answer of --dry-run."""
    print(f"{sweep.name}: {how[0]} trials ({sweep.sampler.kind}, seed {sweep.sampler.seed}), {how[1]} side by side")
    print(f"  stages: {', '.join(goal.targets)}, with all they need")
    print(f"  {goal.metric.direction} {goal.name}: {goal.metric.key} of {goal.metric.file}")
    on_the_way = f"{sweep.pruner.kind}, by {goal.intermediate.name}" if goal.intermediate and sweep.pruner.kind != "none" else "none"
    print(f"  pruning: {on_the_way}")
    for one in space:
        print(f"  {one.key}: {one.said()}")
    for name, value in sweep.fixed.items():
        print(f"  {name}: {value} in all trials")
    return 0


if __name__ == "__main__":
    sys.exit(output.run(main))
