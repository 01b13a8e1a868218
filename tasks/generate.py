"""Continue a text with a trained language model: python -m tasks generate law-characters-lstm --prompt "대한민국" --temperature 0.8"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="experiment: an entry of table `experiments` that was trained")
    parser.add_argument("--prompt", required=True, help="text to continue")
    parser.add_argument("--length", type=int, default=120, help="tokens to write (default: 120)")
    parser.add_argument(
        "--temperature", type=float, default=0.0, help="0: the likeliest token each time; 1: as the model has it (default: 0)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the draws (default: 1)")
    parser.add_argument("--train", type=Path, default=Path("out/train"), help="folder of trained experiments (default: out/train)")


def run(name: str, prompt: str, length: int, temperature: float, seed: int, train: Path) -> None:
    """Print prompt and continuation. Raises ConfigError where there is no such model, with the names there are."""
    from malmoi.config import ConfigError
    from malmoi.predictor import Predictor
    from malmoi.registry import suggest

    known = sorted(folder.name for folder in train.glob("*") if folder.is_dir())
    if name not in known:
        raise ConfigError(f"no experiment called {name!r} was trained in {train}{suggest(name, known)}")
    bundle = sorted((train / name).glob("seed-*"))[0]
    print(prompt + Predictor.load(bundle).generate(prompt, length, temperature, seed))
