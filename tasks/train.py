"""Train one experiment, a model for each of its seeds: features in, self-contained bundles and their learning history out.

A bundle (seed-1/, seed-2/, ...) holds everything that is needed to answer raw text, and is what gets served. Epochs go to MLflow while
they happen; where no tracking server answers, training goes on, and `python -m tasks record` fills it in later.
"""

import argparse
import csv
import json
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

HISTORY = ("seed", "epoch", "train_loss", "valid_loss")
QUIET = 5.0  # seconds between two lines about steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="experiment: an entry of table `experiments`")
    parser.add_argument("--params", type=Path, required=True, help="file in params/experiments/ that holds the entry")
    parser.add_argument("--features", type=Path, required=True, help="folder that the features stage made")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")


def run(name: str, params: Path, features: Path, out: Path) -> None:
    """Train all seeds. Raises ConfigError where the entry or the features cannot be right."""
    from malmoi import batches, experiments, pretrained

    experiment = experiments.read(params, name)
    pipeline = json.loads((features / "pipeline.json").read_text(encoding="utf-8"))
    _check_tokens(experiment.problem, pipeline["tokenizer"], f"{params}: experiments.{name}")
    train, valid = (batches.load_split(features / f"{split}.npz") for split in ("train", "valid"))
    inputs, given = experiments.digest(features), pretrained.load(features / "state")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    about: dict[str, Any] = {"name": name, **asdict(experiment), "keys": {}}
    history: list[dict[str, Any]] = []
    for seed in experiment.seeds:
        spec = batches.Spec(experiment.problem, pipeline["width"], len(pipeline["labels"]), seed, given)
        model = experiments.build(experiment, spec, f"{params}: experiments.{name}")
        key = experiments.key(experiment, name, seed, inputs)
        with Listener(name, experiment, seed, key) as told:
            model.fit(train, valid, told.epoch, told.step)
        history += told.history
        about["keys"][str(seed)], about["parameters"] = key, model.parameters
        _bundle(out / f"seed-{seed}", features, model, _about(about, pipeline, seed))
    _write_history(out / "history.csv", history)
    (out / "experiment.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")


def _check_tokens(problem: str, tokenizer: dict[str, Any], where: str) -> None:
    """A language model of a text from which words were taken would have bits per character that mean nothing."""
    from malmoi.config import ConfigError

    if problem == "language_model" and (left_out := tokenizer.get("left_out")):
        raise ConfigError(
            f"{where}: a language model must see the whole text, but its tokenizer {tokenizer['name']} leaves something out: {left_out}. "
            "Bits per character of a text that is not all there mean nothing; take that option out of the tokenizer's entry in `tokens`"
        )


def _about(about: dict[str, Any], pipeline: dict[str, Any], seed: int) -> dict[str, Any]:
    return {
        "experiment": about["name"],
        "problem": about["problem"],
        "corpus": about["corpus"],
        "language": pipeline["language"],
        "family": about["model"]["family"],
        "seed": seed,
        "parameters": about["parameters"],
        "key": about["keys"][str(seed)],
    }


def _bundle(folder: Path, features: Path, model: Any, about: dict[str, Any]) -> None:
    from malmoi import pretrained

    folder.mkdir()
    shutil.copy(features / "pipeline.json", folder)
    absorbed = getattr(model, "absorbs", False)  # what is pretrained is among the weights of a network that read it
    shutil.copytree(features / "state", folder / "state", ignore=shutil.ignore_patterns(pretrained.ARRAYS) if absorbed else None)
    if (features / "tokenizer").is_dir():  # what the tokenizer learned; most learn nothing
        shutil.copytree(features / "tokenizer", folder / "tokenizer")
    model.save(folder / "model")
    (folder / "bundle.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")


def _write_history(path: Path, history: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys([*HISTORY, *(name for row in history for name in row)]))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


class Listener:
    """Hears of epochs and steps; says them on stdout, keeps the history, hands epochs to the live MLflow run."""

    def __init__(self, name: str, experiment: Any, seed: int, key: str) -> None:
        from tasks import _tracking

        self.title, self.seed = f"{name} seed {seed}", seed
        self.history: list[dict[str, Any]] = []
        self.live = _tracking.live(
            key=key, experiment=name, seed=seed, problem=experiment.problem, corpus=experiment.corpus, params=asdict(experiment)
        )
        self.began = self.epoch_began = self.said = time.monotonic()

    def __enter__(self) -> "Listener":
        self.live.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        self.live.__exit__(*problem)

    def epoch(self, epoch: Any) -> None:
        """One pass is over."""
        now = time.monotonic()
        left = (now - self.began) / epoch.number * (epoch.of - epoch.number)
        losses = {"train_loss": epoch.train_loss, "valid_loss": epoch.valid_loss, **epoch.metrics}
        self.history.append({"seed": self.seed, "epoch": epoch.number, **losses})
        said = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
        print(f"{self.title}: epoch {epoch.number}/{epoch.of}, {said}, {now - self.epoch_began:.1f} s{_left(left)}", flush=True)
        self.live.epoch(epoch.number, losses, now - self.epoch_began)
        self.epoch_began = self.said = now

    def step(self, step: Any) -> None:
        """One batch is over; said at most every few seconds."""
        now = time.monotonic()
        if now - self.said < QUIET:
            return
        self.said = now
        left = (now - self.epoch_began) / step.number * (step.of - step.number)
        print(
            f"{self.title}: epoch {step.epoch}, batch {step.number}/{step.of}, loss {step.loss:.4f}{_left(left)} of the epoch", flush=True
        )


def _left(seconds: float) -> str:
    return f", about {seconds:.0f} s left" if seconds >= 1 else ""
