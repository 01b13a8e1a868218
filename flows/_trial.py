"""The process of one trial: brings stages up to date in its workspace, and tells of it on standard output, a JSON object on each line.

    {"stage": "train@gru", "line": "epoch 1/3, ..."}, {"stage": "train@gru", "outcome": "ran", "seconds": 3.2}, {"kept": ["metrics.json"]}

Trials side by side need the same upstream stages. Before a stage is run, a lock is taken that is named by all that goes into it; so one
trial makes what the others wait for, and they take it from the run cache.
"""

import argparse
import json
import os
import sys
from contextlib import suppress
from copy import copy
from functools import partial
from pathlib import Path

from flows import schedule
from flows._locks import alone
from flows.commands import Stop, Stopped, signals
from flows.graph import Pipeline
from flows.needs import Machine, NeedsError, here
from flows.stages import Node, Result
from tasks.runtime import output
from tasks.runtime.locks import BusyError, hold, silent


class Told:
    """Hears what a run tells of its stages."""

    def start(self, node: Node, left: float) -> None:
        """Nothing to say yet."""

    def end(self, result: Result) -> None:
        """What became of a stage."""
        tell(stage=result.name, outcome=str(result.outcome), seconds=round(result.seconds, 2), reason=result.reason)


def tell(**said: object) -> None:
    """A line for the sweep."""
    print(json.dumps(said, ensure_ascii=False), flush=True)


class Trial(Pipeline):
    """A pipeline that knows what goes into a stage, and which of its files git keeps."""

    def key(self, name: str) -> str:
        """A name for all that goes into a stage, the one of DVC's run cache; "" for a stage that is never taken from there."""
        from dvc.exceptions import DvcException
        from dvc.stage.cache import _get_stage_hash

        stage = copy(self.stages[name])
        stage.deps = [copy(dependency) for dependency in stage.deps]  # what DVC knows of the old ones tells it what has changed
        with self._turns.take(), suppress(DvcException, AssertionError, OSError):
            stage.save_deps()
            return str(_get_stage_hash(stage))
        return ""

    def kept(self) -> list[str]:
        """Files that DVC leaves to git, below the root."""
        outs = [Path(out.fspath) for stage in self.stages.values() for out in stage.outs if not out.use_cache]
        return sorted(str(path.relative_to(self.root)) for path in outs if path.exists() and path.is_relative_to(self.root))

    def bring(self) -> None:
        """Raw data comes from the cache; where it is missing there, the stage that needs it says so."""
        outs = [out for stage in self.stages.values() if not stage.cmd for out in stage.outs if not out.exists]
        for out in outs:
            with self._turns.take():
                out.checkout(force=True, allow_missing=True)


def main() -> int:
    """Returns 0 where all stages are up to date, 1 where one failed or cannot be run, 130 or 143 where a signal ended it."""
    from dvc.exceptions import DvcException

    parser = argparse.ArgumentParser("python -m flows._trial", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--held", type=Path, required=True, help="the lock file of the workspace")
    parser.add_argument("--locks", type=Path, required=True, help="folder of the locks of stages")
    parser.add_argument("--jobs", type=int, required=True, help="trials side by side, which share the machine")
    parser.add_argument("targets", nargs="+")
    options = parser.parse_args()
    os.chdir(options.workspace)
    machine, stop = here(options.jobs), Stop()
    share = Machine(1, max(1, machine.cores // options.jobs), machine.memory // options.jobs)
    trial = Trial(options.targets, stop, share)
    try:
        with signals(stop), hold(options.held, f"runs {options.workspace}", say=silent, check=stop.check), trial:
            trial.bring()
            results = schedule.run(trial, partial(_work, trial, options.locks), Told())
            tell(kept=trial.kept())
    except Stopped as stopped:
        return 128 + stopped.signal
    except (DvcException, NeedsError, BusyError) as error:
        tell(error=str(error))
        return 1
    return 0 if all(result.good for result in results) else 1


def _work(trial: Trial, locks: Path, node: Node, cores: int) -> Result:
    with alone(locks, trial.key(node.name), trial.stop):
        return trial.run(node.name, lambda line: tell(stage=node.name, line=line), cores=cores)


if __name__ == "__main__":
    sys.exit(output.run(main))
