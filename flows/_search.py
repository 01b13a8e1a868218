"""Who chooses what is tried next: an Optuna study in a file of its own, from which a sweep goes on after anything.

A trial that was running when its sweep was killed is found again as one that nobody works at: it is marked as failed, and the same
values are tried once more. Every choice is drawn with a seed made of the sampler's and the number of choices before it, so that a sweep
that was interrupted chooses as one that was not.
"""

import json
import os
import random
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows._space import Dimension, Pruner, Sampler
from malmoi.config import ConfigError

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial, Trial

TELLING = 10  # finished trials from which importance is more than chance
ATTEMPTS = 3  # times that the same values are tried where the sweep is killed each time
SETTINGS, LOST, AGAIN, ATTEMPT = "settings", "interrupted", "again", "attempt"  # attributes of the study and of its trials


class Search:
    """A study, opened or made. path: its SQLite file; about: what must not change from one run of the sweep to the next.

    Raises ConfigError where the file belongs to a sweep with other settings. Not to be used from two threads.
    """

    def __init__(self, path: Path, space: Sequence[Dimension], sampler: Sampler, pruner: Pruner, about: Mapping[str, Any]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space, self._sampler = space, sampler
        self.about = dict(about)
        self._shape = {one.key: _distribution(one) for one in space}
        if not path.exists():
            _make(path, self.about)
        self.study = optuna.load_study(study_name=None, storage=_storage(path), pruner=_pruner(pruner))
        known = json.loads(self.study.user_attrs[SETTINGS])
        if changed := [name for name in self.about if name not in ("key", "baseline") and known.get(name) != self.about[name]]:
            raise ConfigError(_changed(path, changed, known, self.about))
        if not self.trials():  # killed before its first: it begins now
            known |= {"baseline": self.about["baseline"]}
            self.study.set_user_attr(SETTINGS, json.dumps(known, ensure_ascii=False))
        self.about = known
        if sampler.kind == "grid":
            for point in grid(space):
                self.study.enqueue_trial(point, skip_if_exists=True)

    def ask(self) -> "Trial":
        """The next trial: one that waits, else one that the sampler chooses."""
        from optuna.samplers import RandomSampler, TPESampler

        seed = random.Random(f"{self._sampler.seed} {self._chosen()}").getrandbits(32)
        tpe = self._sampler.kind == "tpe"
        self.study.sampler = TPESampler(seed=seed, n_startup_trials=self._sampler.startup) if tpe else RandomSampler(seed)
        return self.study.ask(self._shape)

    def _chosen(self) -> int:
        """How often values were chosen: trials, without those that try the same again, or were killed before they had all their values."""
        everything = self.study.get_trials(deepcopy=False)
        return len(
            [trial for trial in everything if AGAIN not in trial.user_attrs and (LOST not in trial.user_attrs or self._whole(trial))]
        )

    def _whole(self, trial: "FrozenTrial") -> bool:
        return self._shape.keys() <= _values(trial).keys()

    def values(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """What goes into the params files."""
        return {one.key: one.value(chosen[one.key]) for one in self.space}

    def trials(self) -> "list[FrozenTrial]":
        """Those that were begun, by number."""
        from optuna.trial import TrialState

        return [trial for trial in self.study.get_trials(deepcopy=False) if trial.state != TrialState.WAITING]

    def over(self) -> int:
        """How many trials count: all that have come to an end of their own, a failure too."""
        return len([trial for trial in self.trials() if trial.state.is_finished() and LOST not in trial.user_attrs])

    def recover(self, killed: bool = True) -> list[int]:
        """Mark trials that nobody works at any more, and put the same values in line again; one that was killed a third time has failed.

        Returns their numbers.
        """
        from optuna.trial import Trial, TrialState

        everything = self.study.get_trials(deepcopy=False)
        begun_again = {trial.user_attrs.get(AGAIN) for trial in everything}
        dead = [trial for trial in everything if trial.state == TrialState.RUNNING]
        for trial in dead:
            attempt = int(trial.user_attrs.get(ATTEMPT, 1)) + killed
            if attempt <= ATTEMPTS:
                Trial(self.study, trial._trial_id).set_user_attr(LOST, True)
            if attempt <= ATTEMPTS and self._whole(trial) and trial.number not in begun_again:
                self.study.enqueue_trial(_values(trial), {AGAIN: trial.number, ATTEMPT: attempt})
            self.study.tell(trial.number, state=TrialState.FAIL)
        return [trial.number for trial in dead]

    def lost(self) -> list[int]:
        """Numbers of the trials that were interrupted."""
        return [trial.number for trial in self.trials() if LOST in trial.user_attrs]

    def best(self) -> "FrozenTrial | None":
        """The best finished trial; of equals the first."""
        from optuna.trial import TrialState

        done = [trial for trial in self.trials() if trial.state == TrialState.COMPLETE]
        sign = -1.0 if self.study.direction.name == "MAXIMIZE" else 1.0
        return min(done, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)

    def importance(self) -> dict[str, float]:
        """What part of the score's variation each key accounts for (fANOVA; sums to 1); {} where too few trials can tell."""
        from optuna.importance import FanovaImportanceEvaluator, get_param_importances
        from optuna.trial import TrialState

        done = [trial for trial in self.trials() if trial.state == TrialState.COMPLETE]
        if len(done) < TELLING or len({trial.value for trial in done}) < 2:
            return {}
        return {
            name: float(share) for name, share in get_param_importances(self.study, evaluator=FanovaImportanceEvaluator(seed=1)).items()
        }


def _values(trial: "FrozenTrial") -> dict[str, Any]:
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def grid(space: Sequence[Dimension]) -> list[dict[str, Any]]:
    """All points, the last key changing fastest."""
    return [dict(zip([one.key for one in space], point, strict=True)) for point in product(*(one.points() for one in space))]


def _pruner(given: Pruner) -> "optuna.pruners.BasePruner":
    """Optuna's pruner for what a sweep file says."""
    from optuna import pruners

    if given.kind in ("median", "percentile"):
        keep = 50.0 if given.kind == "median" else given.keep
        return pruners.PercentilePruner(keep, n_startup_trials=given.startup, n_warmup_steps=given.warmup)
    if given.kind == "hyperband":
        return pruners.HyperbandPruner(min_resource=max(1, given.warmup))
    if given.kind == "halving":
        return pruners.SuccessiveHalvingPruner(min_resource=max(1, given.warmup))
    return pruners.NopPruner()


def _distribution(one: Dimension) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    given = one.range
    if given.choices is not None:
        return CategoricalDistribution([one.label(choice) for choice in given.choices])
    low, high, step = given.low or 0.0, given.high or 0.0, given.step
    if step is not None:
        high = low + int((high - low) / step + 1e-9) * step  # the last that a step leads to
    if one.whole:
        return IntDistribution(round(low), round(high), log=given.log, step=round(step or 1))
    return FloatDistribution(low, high, log=given.log, step=step)


def _storage(path: Path) -> "optuna.storages.RDBStorage":
    from optuna.storages import RDBStorage

    return RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}})


def _make(path: Path, about: Mapping[str, Any]) -> None:
    """A new file with an empty study, or none."""
    import optuna

    half = path.with_name(path.name + ".half-made")
    half.unlink(missing_ok=True)  # of somebody who was killed
    storage = _storage(half)
    study = optuna.create_study(storage=storage, study_name=str(about["name"]), direction=str(about["direction"]))
    study.set_user_attr(SETTINGS, json.dumps(dict(about), ensure_ascii=False))
    storage.remove_session()
    storage.engine.dispose()
    os.replace(half, path)


def _changed(path: Path, names: Sequence[str], known: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    lines = [
        f"  {name}: it was {json.dumps(known.get(name), ensure_ascii=False)}, is {json.dumps(now[name], ensure_ascii=False)}"
        for name in names
    ]
    return "\n".join(
        [
            f"sweep {now['name']!r} was begun with other settings ({path}):",
            *lines,
            "its trials cannot be compared with those to come: give the changed sweep another name, or take the change back",
        ]
    )
