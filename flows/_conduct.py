"""Trials side by side: each is chosen, run in its workspace, watched, ended early where it is hopeless, and kept as an experiment.

One thread (the caller's) works with the study; the others wait for the processes of their trials.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

from flows import trials
from flows._attempt import Attempt, Place
from flows._dvc import environment
from flows._goal import Goal
from flows._search import Search
from flows.commands import Call, Stop, Stopped, run
from flows.needs import here
from malmoi.config import ConfigError
from tasks.runtime.watchdog import MARK, Watchdog

CODE = Path(__file__).resolve().parents[1]
LOOK = 0.1  # seconds between two looks at trials and signals
HOPELESS = 3  # so many failures without one success end a sweep


class HopelessError(Exception):
    """Every trial fails; the message says how the last one did."""


class Conductor:
    """Runs trials until so many are over. told: called all the time, with the number of a trial that is over, or None."""

    def __init__(self, search: Search, goal: Goal, place: Place, stop: Stop, told: Callable[[int | None], None]) -> None:
        self._search, self._goal, self._place, self._stop, self._told = search, goal, place, stop, told
        self._running: dict[Future[float | None], Attempt] = {}
        self._heard: SimpleQueue[tuple[Attempt, int, float]] = SimpleQueue()
        self.watchdog = Watchdog()

    def run(self, wanted: int, jobs: int, timeout: float | None) -> None:
        """Raises Stopped where a signal asks for the end, when all trials have ended, and HopelessError where none can succeed."""
        until = time.monotonic() + timeout if timeout else float("inf")
        self._jobs = jobs
        self.watchdog.start()
        with ThreadPoolExecutor(jobs, "trial") as pool:
            try:
                while self._fill(pool, wanted if time.monotonic() < until else 0):
                    self._watch()
            finally:
                for attempt in self._running.values():
                    attempt.stop.ask(signal.SIGTERM)

    def _fill(self, pool: ThreadPoolExecutor, wanted: int) -> bool:
        """Begin what there is room for. Returns whether anything runs."""
        self._stop.check()
        while len(self._running) < self._jobs and self._search.over() + len(self._running) < wanted:
            trial = self._search.ask()
            attempt = Attempt(trial, self._search.values(trial.params) | self._place.fixed)
            self._running[pool.submit(self._work, attempt)] = attempt
        return bool(self._running)

    def _watch(self) -> None:
        """Take what trials say, and those that are over."""
        done = wait(self._running, timeout=LOOK, return_when=FIRST_COMPLETED).done
        while True:
            try:
                self._report(*self._heard.get_nowait())
            except Empty:
                break
        for future in [future for future in self._running if future in done]:
            self._end(self._running.pop(future), future)
        self._told(None)

    def _report(self, attempt: Attempt, step: int, value: float) -> None:
        """A score on the way. Steps that come again (those of a second seed) say nothing new."""
        if step <= attempt.heard or attempt.pruned or self._goal.intermediate is None:
            return
        attempt.heard = step
        same = self._goal.intermediate.direction == self._goal.metric.direction
        attempt.trial.report(value if same else -value, step)
        if attempt.trial.should_prune():
            attempt.pruned = True
            attempt.stop.ask(signal.SIGTERM)

    def _end(self, attempt: Attempt, future: Future[float | None]) -> None:
        from optuna.trial import TrialState

        error = future.exception()
        if error is not None and not isinstance(error, ConfigError | OSError):
            raise error
        score = future.result() if error is None else None
        reason = str(error) if error else attempt.reason
        number, trial, study = attempt.trial.number, attempt.trial, self._search.study
        counts = {
            outcome: [name for name, became in attempt.stages.items() if became == outcome] for outcome in ("ran", "restored", "failed")
        }
        trial.set_user_attr("stages", counts)
        if score is not None:
            trial.set_user_attr("experiment", self._place.experiment(number))
            study.tell(number, score)
        elif attempt.pruned:
            study.tell(number, state=TrialState.PRUNED)
        else:
            trial.set_user_attr("reason", reason)
            study.tell(number, state=TrialState.FAIL)
        if score is not None or attempt.pruned:
            trials.remove(self._place.workspace(number))
        self._told(number)
        self._check(reason, attempt)

    def _check(self, reason: str, attempt: Attempt) -> None:
        ended = [trial for trial in self._search.trials() if trial.state.is_finished() and "interrupted" not in trial.user_attrs]
        if len(ended) >= HOPELESS and all(trial.state.name == "FAIL" for trial in ended):
            tail = "\n".join(f"    {line}" for line in attempt.tail)
            log = self._place.log(attempt.trial.number)
            raise HopelessError(f"all of {len(ended)} trials failed, the last: {reason}\n{tail}\n  all of its output: {log}")

    def _work(self, attempt: Attempt) -> float | None:
        """In a thread: one trial from its workspace to its experiment. Returns its score, or None where there is none."""
        place, number = self._place, attempt.trial.number
        log, folder = place.log(number), place.workspace(number)
        root = trials.make(place.project, folder, attempt.values)
        log.unlink(missing_ok=True)
        where = ["--workspace", str(root), "--held", str(trials.lock_path(folder)), "--locks", str(place.folder / "locks")]
        command = [sys.executable, "-m", "flows._trial", *where]
        call = Call([*command, "--jobs", str(self._jobs), "--", *self._goal.targets], CODE, self._environment())
        try:
            status = run(call, partial(attempt.take, log, partial(self._hear, attempt)), attempt.stop)
        except Stopped:
            return None
        if status:
            attempt.reason = attempt.reason or f"ended with status {status}"
            return None
        score = self._goal.score(root)
        said = {"sweep": place.name, "trial": number, self._goal.name: score}
        trials.save(place.project, place.workspace(number), place.experiment(number), said, attempt.kept)
        return score

    def _hear(self, attempt: Attempt, line: str) -> None:
        if found := self._goal.hear(line):
            self._heard.put((attempt, *found))

    def _environment(self) -> dict[str, str]:
        """For the processes of a trial. MLflow hears of trials from the sweep, so training does not tell it."""
        machine, root = here(self._jobs), self._place.project.root
        tokens = os.environ.get("MALMOI_TOKEN_CACHE") or ".cache/tokens"
        own = {"MALMOI_TRACKING": "off", "MALMOI_TOKEN_CACHE": tokens if tokens == "off" else str(root / tokens)}
        return {**os.environ, **environment(), **machine.threads(max(1, machine.cores // self._jobs)), **own, MARK: self.watchdog.mark}
