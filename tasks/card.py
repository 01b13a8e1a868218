"""Print the card of a trained model as Markdown: what it is for, how good it is, where it fails, where it comes from."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="experiment, or registered model: bills-gru, classify-bills")
    parser.add_argument("--seed", type=int, help="of the experiment; default: the champion's, else the first one")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of all outputs (default: out)")
    parser.add_argument("--file", type=Path, help="file to write; default: to the screen")


def run(name: str, seed: int | None = None, out: Path = Path("out"), file: Path | None = None) -> None:
    """Print the card, or write it to a file. Raises ConfigError where no model has that name or seed, or its bundle is not here."""
    from tasks import _cards, _subject

    about = _subject.find(out, name, seed)
    card = _cards.render(_cards.facts(about.run, about.model, about.why, about.commit))
    if file is None:
        print(card, end="")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(card, encoding="utf-8")
