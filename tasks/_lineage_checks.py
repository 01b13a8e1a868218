"""Links from a registered version to the commit and DVC's hashes: who it is, where it comes from, which params and seed.

Each check compares two things that were written at different times by different hands.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from malmoi import config
from malmoi.config import ConfigError
from tasks import _checkout, _claims, _pins, _runs
from tasks._checkout import Checkout
from tasks._claims import Claim
from tasks._findings import UncheckedError, agree
from tasks.project import lockfile

TIMES = "outs.out/cost/"  # how long things took
IDENTITY = ("key", "experiment", "seed", "problem", "corpus", "family")


def identity(claim: Claim) -> str:
    """Version, run and bundle name the same training."""
    bundle = json.loads((claim.bundle / "bundle.json").read_text(encoding="utf-8"))
    sides = {"the run's": claim.run, "the bundle's": {f"malmoi.{name}": str(value) for name, value in bundle.items()}}
    agree(
        f"{name} {claim.tags.get(f'malmoi.{name}')!r}, {whose} is {side.get(f'malmoi.{name}')!r}"
        for name in IDENTITY
        for whose, side in sides.items()
        if claim.tags.get(f"malmoi.{name}") != side.get(f"malmoi.{name}")
    )
    return f"{claim.experiment}, seed {claim.seed}, key {claim.tags['malmoi.key'][:12]}"


def files(claim: Claim) -> str:
    """The model's files are those that were registered."""
    wanted, found = claim.tags.get(_claims.FILES), _claims.digest(claim.folder)
    if not wanted:
        raise ConfigError(f"no tag {_claims.FILES}: registered before files were kept by digest; register again")
    if wanted != found:
        raise ConfigError(f"the model's files in MLflow are not those that were registered: digest {found[:12]}, registered {wanted[:12]}")
    return f"digest {found[:12]}"


def commit(claim: Claim, root: Path) -> str:
    """The commit (first word) whose dvc.lock has this training: the recorded one; or one after it, where the tree was not clean then."""
    recorded, of_run = claim.tags.get(_claims.COMMIT, ""), claim.run.get(_claims.COMMIT, "")
    agree([f"the version says {recorded[:10] or 'none'}, its run {of_run[:10] or 'none'}"] if recorded != of_run or not recorded else [])
    _checkout.git(root, "cat-file", "-e", f"{recorded}^{{commit}}")
    out = f"out/train/{claim.experiment}"
    wanted = claim.run.get(f"dvc.outs.{out}", "")
    if not wanted:
        raise ConfigError(f"the run has no tag dvc.outs.{out}: it was recorded without dvc.lock; train by `dvc repro`, then record again")
    if _locked(root, recorded, claim) == wanted:
        return recorded
    for later in reversed(_checkout.git(root, "log", "--all", "--format=%H", f"-S{wanted}", "--", "dvc.lock").split()):
        if claim.run.get("malmoi.dirty") == "true" and _locked(root, later, claim) == wanted and _descends(root, recorded, later):
            return f"{later} has this training; recorded before it was committed, on {recorded[:10]}"
    if _trained(lockfile.stages(root / lockfile.NAME), claim) == wanted:
        raise UncheckedError("commit first: dvc.lock here has this training, no commit has it yet: git commit dvc.lock, then verify again")
    there = _locked(root, recorded, claim) or "nothing"
    raise ConfigError(f"dvc.lock of {recorded[:10]} has {there} for {out}, recorded was {wanted}; no later commit has it either")


def lock(claim: Claim, clean: Checkout) -> str:
    """What training read and wrote is in dvc.lock as the run says, and each step reads what the one before it wrote."""
    wanted, said = _made(_checkout.hashes(clean.lock[f"train@{claim.experiment}"])), _recorded(claim)
    agree(
        f"{name}: dvc.lock {wanted.get(name)}, the run {said.get(name)}"
        for name in sorted(wanted | said)
        if wanted.get(name) != said.get(name)
    )
    before = ancestors(clean, f"evaluate@{claim.experiment}")
    written = {path[5:]: md5 for name in before for path, md5 in _checkout.hashes(clean.lock[name], ("outs",)).items()}
    read = [(name, path[5:], md5) for name in before for path, md5 in _checkout.hashes(clean.lock[name], ("deps",)).items()]
    for _, path, _ in read:
        pin = _pins.find(clean.folder / "data.dvc", clean.folder / path)
        written |= {path: pin.md5} if pin else {}
    agree(f"{name} read {path} as {md5}, written was {written[path]}" for name, path, md5 in read if written.get(path, md5) != md5)
    return f"{len(said)} hashes, {len(before)} stages"


def code(claim: Claim, clean: Checkout) -> str:
    """The files of the commit are those that dvc.lock was made with: code, params, commands, pins of data."""
    changes = clean.status(f"evaluate@{claim.experiment}")
    agree(f"{stage}: {json.dumps(change, ensure_ascii=False)}" for stage, found in changes.items() for change in found)
    return "git's files are those in dvc.lock"


def params(claim: Claim, clean: Checkout) -> str:
    """The run's params are those of the commit."""
    pipeline = json.loads((claim.bundle / "pipeline.json").read_text(encoding="utf-8"))
    wanted = _runs.parameters(entry(claim, clean), pipeline) | {"seed": str(claim.seed)}
    agree(
        f"{name}: {value!r} in the commit, {claim.params.get(name)!r} in MLflow"
        for name, value in wanted.items()
        if claim.params.get(name) != value
    )
    return f"{len(wanted)} as in params/experiments/{claim.corpus}.yaml"


def seed(claim: Claim, clean: Checkout) -> str:
    """The seed is one of the experiment's."""
    seeds = entry(claim, clean).get("seeds", [1])
    agree([f"{claim.seed} is none of the experiment's: {seeds}"] if claim.seed not in seeds else [])
    return f"{claim.seed} of {seeds}"


def ancestors(clean: Checkout, stage: str) -> list[str]:
    """Stages that `stage` needs, in the order in which they run, itself last, by what dvc.lock says they read and write."""
    makers = {path: name for name, about in clean.lock.items() for path in _checkout.hashes(about, ("outs",))}
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        for path in _checkout.hashes(clean.lock[name], ("deps",)):
            maker = makers.get(path.replace("deps.", "outs.", 1))
            if maker and maker not in found:
                visit(maker)
        found[name] = None

    visit(stage)
    return list(found)


def entry(claim: Claim, clean: Checkout) -> dict[str, Any]:
    """The experiment's entry in params/ at the commit."""
    return config.entry(clean.folder / "params" / "experiments" / f"{claim.corpus}.yaml", "experiments", claim.experiment)


def _recorded(claim: Claim) -> dict[str, str]:
    """DVC's hashes as the run has them: {"deps.out/features/x": md5, ...}."""
    return _made({name.removeprefix("dvc."): value for name, value in claim.run.items() if name.startswith(("dvc.deps.", "dvc.outs."))})


def _made(hashes: dict[str, str]) -> dict[str, str]:
    """Without what was measured: how long a training took decides nothing, and is another number each time."""
    return {name: value for name, value in hashes.items() if not name.startswith(TIMES)}


def _locked(root: Path, commit: str, claim: Claim) -> str:
    """DVC's hash of the training in dvc.lock at a commit; "" where it has none."""
    return _trained(lockfile.parse_stages(_checkout.at(root, commit, "dvc.lock")), claim)


def _trained(stages: Mapping[str, Any], claim: Claim) -> str:
    return _checkout.hashes(stages.get(f"train@{claim.experiment}", {})).get(f"outs.out/train/{claim.experiment}", "")


def _descends(root: Path, earlier: str, later: str) -> bool:
    try:
        _checkout.git(root, "merge-base", "--is-ancestor", earlier, later)
    except ConfigError:
        return False
    return True
