"""Continue texts with a trained language model.

python -m tasks generate law-characters-lstm --prompt "대한민국"
python -m tasks generate law-characters-lstm --prompt "대한민국" --temperature 0.8 --stream
python -m tasks generate news-characters-gru --prompt "The " --temperature 1 --top-p 0.9 --stop "." --seed 7
python -m tasks generate news-characters-gru --prompt "The " --beams 4 --no-repeat 6 --stop-at-end
python -m tasks generate out/train/law-characters-ngram/seed-1 --prompt "국회" --prompt "법원" --json
"""

import argparse
import csv
import json
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from malmoi.decoding import Decoding
    from malmoi.predictor import Predictor


ONLY_PRINTS = True  # it stops where nobody reads on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument(
        "name", nargs="?", help="an experiment that was trained (its best seed answers), or a bundle: a folder out/train/NAME/seed-N"
    )
    parser.add_argument("--model", metavar="NAME", help="the same, as an option")
    parser.add_argument("--prompt", action="append", required=True, help="text to continue; several are continued side by side")
    parser.add_argument("--length", type=int, default=120, help="tokens to write at most (default: 120)")
    parser.add_argument("--train", type=Path, default=Path("out/train"), help="folder of trained experiments (default: out/train)")
    parser.add_argument("--evaluate", type=Path, default=Path("out/evaluate"), help="where the best seed is read (default: out/evaluate)")
    _choices(parser.add_argument_group("what comes next"))
    _ends(parser.add_argument_group("where it ends"))
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--stream", action="store_true", help="show the text as it is written")
    shown.add_argument("--json", action="store_true", help="a line of JSON per prompt, with likelihood, repetition and distinct n-grams")


def _choices(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--temperature", type=float, default=0.0, help="0: the likeliest token each time; 1: drawn as the model has it (default: 0)"
    )
    group.add_argument("--top-k", type=int, default=0, metavar="K", help="draw among the K likeliest tokens (default: all)")
    group.add_argument("--top-p", type=float, default=1.0, metavar="P", help="draw among the fewest tokens that hold P of the probability")
    group.add_argument("--beams", type=int, default=1, help="look for the likeliest text with so many beams; draws nothing (default: 1)")
    group.add_argument("--length-penalty", type=float, default=0.6, help="of beams: above 0 favours longer texts (default: 0.6)")
    group.add_argument("--repetition-penalty", type=float, default=1.0, help="above 1: written tokens become less likely (try 1.2)")
    group.add_argument("--no-repeat", type=int, default=0, metavar="N", help="write no N tokens in a row twice")
    group.add_argument("--seed", type=int, default=1, help="of the draws (default: 1)")


def _ends(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--stop", action="append", default=[], metavar="TEXT", help="end before this text; may be given several times")
    group.add_argument("--stop-at-end", action="store_true", help="end where the model ends a text; else that is a line end")


def run(
    name: str | None, model: str | None, prompt: list[str], train: Path, evaluate: Path, stream: bool, json: bool, **settings: Any
) -> None:
    """Print each prompt and its continuation. settings: those of `malmoi.decoding.Decoding`.

    Raises ConfigError where there is no such model, with the names there are, and for settings that cannot be right.
    """
    from malmoi.config import ConfigError
    from malmoi.decoding import Decoding
    from malmoi.predictor import Predictor

    decoding = Decoding(**settings | {"stop": tuple(settings.get("stop", ()))})  # before anything slow
    if (name is None) == (model is None):
        raise ConfigError("name one model: python -m tasks generate NAME --prompt TEXT, or --model NAME")
    bundle = find(str(name or model), train, evaluate)
    predictor = Predictor.load(bundle)
    if stream:
        _stream(predictor, prompt, decoding)
    else:
        print(*(_lines if json else _texts)(predictor, prompt, decoding), sep="\n" if json else "\n\n")


def find(name: str, train: Path, evaluate: Path) -> Path:
    """The bundle that a name stands for: itself, or the best seed of an experiment. Raises ConfigError, with the names there are."""
    from malmoi.config import ConfigError
    from malmoi.registry import suggest

    for folder in (train / name, Path(name)):
        if (folder / "bundle.json").is_file():
            return folder
        if seeds := {int(seed.name.removeprefix("seed-")): seed for seed in folder.glob("seed-*") if (seed / "bundle.json").is_file()}:
            return seeds[_best(folder, evaluate / folder.name, list(seeds))]
    known = sorted(folder.name for folder in train.glob("*") if folder.is_dir())
    raise ConfigError(f"no experiment called {name!r} was trained in {train}, and no bundle is there{suggest(name, known)}")


def _best(trained: Path, evaluated: Path, seeds: list[int]) -> int:
    """The seed with the best primary score on the validation split; before it was evaluated, the one with the lowest validation loss."""
    from malmoi.scores import score

    found, sign = dict[int, float](), 1
    if (evaluated / "metrics.json").is_file():
        metrics = json.loads((evaluated / "metrics.json").read_text(encoding="utf-8"))
        found = {int(seed): scores[metrics["primary"]] for seed, scores in metrics["valid"]["seeds"].items()}
        sign = -score(metrics["primary"]).sign
    elif (trained / "history.csv").is_file():
        with open(trained / "history.csv", encoding="utf-8", newline="") as file:
            rows = [(float(row["valid_loss"]), int(row["seed"])) for row in csv.DictReader(file)]
        found = {seed: loss for loss, seed in sorted(rows, reverse=True)}  # the lowest comes last and stays
    return min(seeds, key=lambda seed: (sign * found.get(seed, float("inf") * sign), seed))


def _texts(predictor: "Predictor", prompts: list[str], decoding: "Decoding") -> Iterator[str]:
    for prompt, written in zip(prompts, predictor.generate(prompts, decoding), strict=True):
        yield unicodedata.normalize("NFC", prompt + written.text)


def _lines(predictor: "Predictor", prompts: list[str], decoding: "Decoding") -> Iterator[str]:
    from malmoi import diversity

    for prompt, written in zip(prompts, predictor.generate(prompts, decoding), strict=True):
        about = {"model": predictor.about["experiment"], "model_seed": predictor.about["seed"], "prompt": prompt, "text": written.text}
        about |= {"finish_reason": written.finish, "tokens": len(written.ids), **diversity.measure([written])}
        yield json.dumps(about | {"settings": asdict(decoding)}, ensure_ascii=False)


def _stream(predictor: "Predictor", prompts: list[str], decoding: "Decoding") -> None:
    """Each prompt and what follows, as it comes; the line is ended, too, where a person interrupts."""
    for place, prompt in enumerate(prompts):
        sys.stdout.write("\n" * bool(place) + prompt[:-1])
        last = prompt[-1:]  # its syllable may be completed by the first letters
        try:
            for piece in predictor.stream(prompt, decoding):
                sys.stdout.write(unicodedata.normalize("NFC", last + piece))
                sys.stdout.flush()
                last = ""
        finally:
            print(last, flush=True)
