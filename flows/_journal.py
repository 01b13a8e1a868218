"""What a sweep tells: a line for each trial on the terminal, and sweep.json, from which the table, the plots and MLflow's runs are made.

`python -m tasks sweeps FOLDER` does that, in a process of its own, so that neither MLflow nor a plot can hold up a sweep.
"""

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from flows._attempt import Place
from flows._conduct import CODE
from flows._goal import Goal
from flows._search import AGAIN, LOST, Search
from flows.commands import Stop
from flows.display import duration
from tasks import _live
from tasks.runtime.files import write_whole
from tasks.runtime.watchdog import MARK

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

EVERY = 30.0  # seconds between two lines where no trial ends, and between two recordings
OFTEN = 2.0  # seconds between two times that sweep.json is written, where no trial ends
LAST = 180.0  # seconds that the last recording may take
STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}
SHOWN = 5  # trials in the table at the end


class Journal:
    """Tells of one sweep. wanted: how many trials there are to be; stop: ends the waiting for the last recording."""

    def __init__(self, search: Search, goal: Goal, place: Place, wanted: int, stop: Stop) -> None:
        self._search, self._goal, self._place, self._wanted, self._stop = search, goal, place, wanted, stop
        self._began = self._said = self._recorded = self._written = time.monotonic()
        self._recorder: subprocess.Popen[bytes] | None = None

    def begin(self, jobs: int) -> None:
        """The first line."""
        over, name = self._search.over(), self._place.name
        known = f", {over} of them done before" if over else ""
        print(
            f"sweep {name}: {self._wanted} trials{known}, {jobs} side by side; {self._goal.metric.direction} {self._goal.name}", flush=True
        )
        self._write("running")

    def again(self, number: int) -> None:
        """A trial that was interrupted."""
        print(f"trial {number} was interrupted; the same values are tried again", flush=True)

    def told(self, number: int | None) -> None:
        """Something has changed; number: of the trial that is over."""
        now = time.monotonic()
        if number is not None:
            self._said = now
            print(self._line(next(trial for trial in self._search.trials() if trial.number == number)), flush=True)
        elif now - self._said > EVERY:
            self._said = now
            print(f"        {self._running()}  ({duration(now - self._began)})", flush=True)
        if number is not None or now - self._written > OFTEN:
            self._write("running")
        if number is not None and now - self._recorded > EVERY and (self._recorder is None or self._recorder.poll() is not None):
            self._recorder, self._recorded = self._record(), now

    def stop(self) -> None:
        """The sweep ends before its time."""
        self._search.recover(killed=False)
        self._write("stopped")
        self._end_recorder()

    def _end_recorder(self) -> None:
        """At once: what it did not come to is done by the next one."""
        if self._recorder:
            self._recorder.kill()
            self._recorder.wait()

    def finish(self) -> bool:
        """The sweep has come to its end: the table, and how to take the winner. Returns whether there is one."""
        done = self._search.over() >= self._wanted
        self._write("finished" if done else "stopped")
        best = self._search.best()
        print(self._summary(best, done), flush=True)
        self._wait()
        return best is not None

    def _summary(self, best: "FrozenTrial | None", done: bool) -> str:
        trials = self._search.trials()
        states = [STATES[trial.state.name] for trial in trials if LOST not in trial.user_attrs]
        counts = ", ".join(f"{states.count(word)} {word}" for word in STATES.values() if word in states)
        late = "" if done else "; its time is over, the same command goes on"
        lines = [f"\n{counts}; {duration(time.monotonic() - self._began)}{late}"]
        if best is None:
            return "\n".join([*lines, "no trial has a score"])
        sign = -1 if self._goal.metric.direction == "maximize" else 1
        ranked = sorted(
            (trial for trial in trials if trial.state.name == "COMPLETE"), key=lambda trial: (sign * (trial.value or 0.0), trial.number)
        )
        lines += [f"  {trial.value:<12.6g} trial {trial.number:<4} {self._values(trial)}" for trial in ranked[:SHOWN]]
        name = self._place.experiment(best.number)
        lines += ["", f"table and plots: {os.path.relpath(self._place.folder)}/sweep.md", "all trials:      dvc exp show --only-changed"]
        lines += [] if _live.off() else [f"MLflow:          experiment sweeps/{self._place.name}"]
        return "\n".join([*lines, f"take the winner: dvc exp apply {name}"])

    def _line(self, trial: "FrozenTrial") -> str:
        best = self._search.best()
        state = STATES[trial.state.name]
        score = f"{self._goal.name} {trial.value:.6g}" if trial.value is not None and state == "finished" else state
        if state == "failed":
            score = f"FAILED: {str(trial.user_attrs.get('reason', '')).splitlines()[0][:100]} (trial-{trial.number}.log)"
        told = "" if best is None else "  best so far" if best.number == trial.number else f"  (best {best.value:.6g}, trial {best.number})"
        seconds = trial.duration.total_seconds() if trial.duration else 0.0
        return f"[{self._search.over()}/{self._wanted}] trial {trial.number}  {self._values(trial)}  {score}  {duration(seconds)}{told}"

    def _running(self) -> str:
        found = []
        for trial in self._search.trials():
            if trial.state.name == "RUNNING":
                step = max(trial.intermediate_values, default=None)
                found.append(f"trial {trial.number}" + (f" at step {step}" if step is not None else ""))
        return f"running: {', '.join(found) or 'nothing'}"

    def _values(self, trial: "FrozenTrial") -> str:
        chosen = [(one.short, trial.params.get(one.key)) for one in self._search.space]
        return ", ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in chosen)

    def _write(self, state: str) -> None:
        """sweep.json, whole or not at all."""
        self._written = time.monotonic()
        about, path = self._search.about, self._place.folder / "sweep.json"
        said = {
            "state": state,
            **{name: about[name] for name in ("name", "key", "baseline", "sampler", "pruner", "targets", "direction", "fixed")},
            "metric": self._goal.name,
            "intermediate": self._goal.intermediate.name if self._goal.intermediate else None,
            "wanted": self._wanted,
            "space": [{"key": one.key, "short": one.short, "said": one.said(), "log": one.range.log} for one in self._search.space],
            "importance": self._search.importance() if state != "running" else {},
            "trials": [self._trial(trial) for trial in self._search.trials()],
        }
        write_whole(path, json.dumps(said, ensure_ascii=False, indent=1))

    def _trial(self, trial: "FrozenTrial") -> dict[str, Any]:
        same = self._goal.intermediate is None or self._goal.intermediate.direction == self._goal.metric.direction
        moments = {"began": trial.datetime_start, "ended": trial.datetime_complete}
        lost = LOST in trial.user_attrs
        return {
            "number": trial.number,
            "state": "interrupted" if lost else STATES[trial.state.name],
            "score": trial.value if trial.state.name == "COMPLETE" else None,
            "values": dict(trial.params),
            "intermediate": [[step, value if same else -value] for step, value in sorted(trial.intermediate_values.items())],
            **{name: round(moment.timestamp() * 1000) if moment else None for name, moment in moments.items()},
            **{name: trial.user_attrs.get(name) for name in ("experiment", "stages", "reason")},
            "again": trial.user_attrs.get(AGAIN),
        }

    def _record(self) -> "subprocess.Popen[bytes]":
        environment = {name: value for name, value in os.environ.items() if name != MARK}
        command = [sys.executable, "-m", "tasks", "sweeps", str(self._place.folder), "--quiet"]
        return subprocess.Popen(
            command, cwd=CODE, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )

    def _wait(self) -> None:
        """For the last recording, of everything. It says by itself where MLflow does not answer."""
        until, again = time.monotonic() + LAST, f"python -m tasks sweeps {self._place.folder}"
        self._end_recorder()
        self._recorder = self._record()
        while self._recorder.poll() is None:
            time.sleep(0.1)
            if self._stop.asked or time.monotonic() > until:
                self._end_recorder()
                print(f"table, plots and MLflow were not finished; again: {again}", file=sys.stderr, flush=True)
