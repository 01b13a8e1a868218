"""Train one experiment, a model for each of its seeds: features in, self-contained bundles and their learning history out.

A bundle (seed-1/, seed-2/, ...) holds everything that is needed to answer raw text, and is what gets served. Epochs go to MLflow while
they happen; where no tracking server answers, training goes on, and `python -m tasks record` fills it in later. What was stopped goes on
where it was (`_checkpoints`), and ends with the same bytes.
"""

import argparse
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasks import _teller


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="experiment: an entry of table `experiments`")
    parser.add_argument("--params", type=Path, required=True, help="file in params/experiments/ that holds the entry")
    parser.add_argument("--features", type=Path, required=True, help="folder that the features stage made")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--cost", type=Path, help="file to write what training cost; default: it is not written")
    parser.add_argument("--checkpoints", type=Path, help="folder for trainings that are stopped; default: they begin again")


def run(name: str, params: Path, features: Path, out: Path, cost: Path | None = None, checkpoints: Path | None = None) -> None:
    """Train all seeds. Raises ConfigError where the entry or the features cannot be right."""
    from malmoi import batches, experiments, pretrained
    from tasks import _checkpoints, _training_cost

    experiment = experiments.read(params, name)
    pipeline = json.loads((features / "pipeline.json").read_text(encoding="utf-8"))
    _check_tokens(experiment.problem, pipeline["tokenizer"], f"{params}: experiments.{name}")
    train, valid = (batches.load_split(features / f"{split}.npz") for split in ("train", "valid"))
    inputs, given = experiments.digest(features), pretrained.load(features / "state")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    recipe = experiments.recipe(experiment, name, inputs)
    about: dict[str, Any] = {"name": name, **asdict(experiment), "recipe": recipe, "keys": {}}
    history: list[dict[str, Any]] = []
    costs: dict[str, dict[str, Any]] = {}
    places = _checkpoints.Places(checkpoints, name)
    for seed in experiment.seeds:
        spec = batches.Spec(experiment.problem, pipeline["width"], len(pipeline["labels"]), seed, given)
        model = experiments.build(experiment, spec, f"{params}: experiments.{name}")
        key = experiments.key(experiment, name, seed, inputs)
        place = places.of(key)
        done = place.finished() or _learn(model, (train, valid), Listener(name, experiment, seed, {"key": key, "recipe": recipe}), place)
        history, costs[str(seed)] = history + done["history"], done["cost"]
        about["keys"][str(seed)], about["parameters"] = key, done["parameters"]
        _bundle(out / f"seed-{seed}", features, getattr(model, "absorbs", False), _about(about, pipeline, seed))
        place.deliver(model, out / f"seed-{seed}" / "model")
    _teller.write(out / "history.csv", history)
    (out / "experiment.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")
    if cost:
        _training_cost.save(cost, {"experiment": name, "features": experiment.features}, {"seeds": costs})
    places.remove()


def _learn(model: Any, splits: tuple[Any, Any], listener: "Listener", place: Any) -> dict[str, Any]:
    """Train one seed, from where it was stopped if it was. Returns its history, cost and number of weights."""
    from tasks import _training_cost

    with listener as told:
        more = {"checkpoint": place.checkpoint(told.resumed)} if getattr(model, "resumes", False) else {}
        model.fit(*splits, told.epoch, told.step, **more)
        cost = _training_cost.of_seed(told.clock, model, splits[0].inputs, len(told.history))
    done = {"history": told.history, "cost": cost, "parameters": model.parameters}
    place.finish(model, done)
    return done


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
        "recipe": about["recipe"],
        "key": about["keys"][str(seed)],
    }


def _bundle(folder: Path, features: Path, absorbed: bool, about: dict[str, Any]) -> None:
    """All but the model. absorbed: what is pretrained is among the weights of a network that read it."""
    from malmoi import pretrained

    folder.mkdir()
    shutil.copy(features / "pipeline.json", folder)
    shutil.copytree(features / "state", folder / "state", ignore=shutil.ignore_patterns(pretrained.ARRAYS) if absorbed else None)
    if (features / "tokenizer").is_dir():  # what the tokenizer learned; most learn nothing
        shutil.copytree(features / "tokenizer", folder / "tokenizer")
    (folder / "bundle.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")


class Listener(_teller.Teller):
    """Tells of one seed; also the live MLflow run."""

    def __init__(self, name: str, experiment: Any, seed: int, keys: dict[str, str]) -> None:
        from tasks import _tracking

        super().__init__(f"{name} seed {seed}", {"seed": seed})
        self.live = _tracking.live(
            key=keys["key"],
            recipe=keys["recipe"],
            experiment=name,
            seed=seed,
            problem=experiment.problem,
            corpus=experiment.corpus,
            params=asdict(experiment),
        )

    def __enter__(self) -> "Listener":
        self.live.__enter__()
        self.clock = type(self.clock)()
        return self

    def __exit__(self, *problem: Any) -> None:
        self.live.__exit__(*problem)

    def passed(self, number: int, losses: dict[str, float], seconds: float, left: float) -> None:
        """See Teller."""
        self.live.epoch(number, losses, seconds, left)
