"""Doing it again in a clean checkout: the scores of the registered bundle, the data from its raw files, the training itself.

The commands are those of dvc.lock at the commit, so that a version can be verified by a later Malmoi.
"""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import yaml

from malmoi.config import ConfigError
from tasks import _claims, _hardware, _lineage_checks, _pins, _results
from tasks._checkout import Checkout, hashes
from tasks._claims import Claim
from tasks._content_checks import CLOSE, compare_scores
from tasks._findings import agree, same


def scores(claim: Claim, clean: Checkout) -> str:
    """The registered bundle, asked again, has the scores that MLflow shows."""
    _provide(claim, clean)
    model = clean.folder / "out" / "train" / claim.experiment
    about = _about(claim, clean, model / "experiment.json")
    shutil.rmtree(model, ignore_errors=True)
    shutil.copytree(claim.bundle, model / f"seed-{claim.seed}")
    (model / "experiment.json").write_text(json.dumps(about), encoding="utf-8")
    _again(clean, f"evaluate@{claim.experiment}")
    return compare_scores(claim, clean, CLOSE)


def data(claim: Claim, clean: Checkout) -> str:
    """Raw files that are as data.dvc pins them, and all that is made of them up to the features, byte for byte as in dvc.lock."""
    shutil.rmtree(clean.folder / "out", ignore_errors=True)
    return _make(clean, _lineage_checks.ancestors(clean, f"train@{claim.experiment}")[:-1])


def training(claim: Claim, clean: Checkout) -> str:
    """A model that is trained anew, with this one seed, is the registered one, byte for byte; on other hardware, as good."""
    _one_seed(clean.folder / "params" / "experiments" / f"{claim.corpus}.yaml", claim)
    _again(clean, f"train@{claim.experiment}")
    try:
        return same(clean.folder / "out" / "train" / claim.experiment / f"seed-{claim.seed}", claim.bundle)
    except ConfigError as error:
        there, here = claim.tags.get(_claims.HARDWARE, "unknown"), _hardware.name()
        if there == here:
            raise ConfigError(f"{error}; on the same hardware ({here}) the same bytes should come out") from None
        return f"{error}: registered on {there}, this is {here}, which adds numbers in another order. {_as_good(claim, clean)}"


def _as_good(claim: Claim, clean: Checkout) -> str:
    """The retrained model's primary test score lies within the 95 % interval of the registered one's answers, not of the mean over all
    seeds. Raises ConfigError where it does not."""
    from malmoi.leaderboard import seed_interval

    clean.bring(f"out/evaluate/{claim.experiment}")
    evaluated = clean.folder / "out" / "evaluate" / claim.experiment / "metrics.json"
    registered = _results.read(evaluated.parent)
    _provide(claim, clean)
    _again(clean, f"evaluate@{claim.experiment}")
    primary = registered.metric.name
    low, high = seed_interval(registered, claim.seed)
    found = _results.load(evaluated)["test"]["seeds"][str(claim.seed)][primary]
    agree([] if low <= found <= high else [f"retrained, test {primary} is {found:.4f}, outside of {low:.4f} to {high:.4f}"])
    return f"Tolerance: the 95 % interval of test {primary}, {low:.4f} to {high:.4f}; retrained {found:.4f}"


def _provide(claim: Claim, clean: Checkout) -> None:
    """What evaluation reads beside the model: from DVC, or, where it is nowhere to be had, made anew."""
    read = [path[5:] for path in hashes(clean.lock[f"evaluate@{claim.experiment}"], ("deps",))]
    wanted = {path for path in read if path.startswith("out/") and path != f"out/train/{claim.experiment}"}
    makers = {path[5:]: name for name, stage in clean.lock.items() for path in hashes(stage, ("outs",))}
    for path in sorted(wanted - clean.bring(*wanted)):
        _make(clean, _lineage_checks.ancestors(clean, makers[path]))


def _make(clean: Checkout, names: list[str]) -> str:
    """Run these stages anew, from the raw files. Raises ConfigError where anything comes out otherwise than in dvc.lock."""
    wanted = clean.lock
    raw = sorted({path[5:] for name in names for path in hashes(wanted[name], ("deps",)) if path.startswith("deps.data/")})
    for path in raw:
        _fetch(clean, path)
    for name in names:
        clean.dvc("repro", "--quiet", "--force", "--single-item", name)
        made, known = hashes(clean.lock[name]), hashes(wanted[name])
        differ = {path[5:]: md5 for path, md5 in made.items() if known.get(path) != md5 and not path.startswith(_lineage_checks.TIMES)}
        agree(
            f"{name}: {path} came out as {md5}, dvc.lock has {known.get(f'outs.{path}') or known.get(f'deps.{path}')}"
            for path, md5 in differ.items()
        )
    return f"{', '.join(raw)}: as pinned; {', '.join(names)}: made anew, byte for byte"


def _fetch(clean: Checkout, path: str) -> None:
    """Raw files, from the project's own folder where they are as pinned there, else by `tasks fetch`, else from DVC's remote."""
    pin, target, own = _pins.find(clean.folder / "data.dvc", clean.folder / path), clean.folder / path, clean.root / path
    if own.is_dir() and _pins.of_folder(own) == pin:
        shutil.copytree(own, target, dirs_exist_ok=True)
        return
    try:
        clean.run("python", "-m", "tasks", "fetch", Path(path).name)
    except ConfigError:
        clean.dvc("pull", "--quiet", path)
    agree([] if _pins.of_folder(target) == pin else [f"{path} is not what data.dvc pins"])


def _again(clean: Checkout, stage: str) -> None:
    """The command of a stage as dvc.lock has it."""
    commands = clean.lock[stage]["cmd"]
    for command in [commands] if isinstance(commands, str) else commands:
        clean.run(*shlex.split(command))


def _about(claim: Claim, clean: Checkout, file: Path) -> dict[str, Any]:
    """experiment.json for this one seed, with nothing to write for a language model."""
    if file.is_file():
        about = _results.load(file)
    else:
        bundle = json.loads((claim.bundle / "bundle.json").read_text(encoding="utf-8"))
        about = {"name": claim.experiment, "training": {}, "parameters": bundle.get("parameters")} | _lineage_checks.entry(claim, clean)
    return dict(about) | {"seeds": [claim.seed], "prompts": []}


def _one_seed(file: Path, claim: Claim) -> None:
    """Leave this seed alone in the experiment's entry."""
    tables = yaml.safe_load(file.read_text(encoding="utf-8"))
    tables["experiments"][claim.experiment]["seeds"] = [claim.seed]
    file.write_text(yaml.safe_dump(tables, allow_unicode=True, sort_keys=False), encoding="utf-8")
