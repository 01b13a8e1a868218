"""Put the rates of all tokenizers side by side: types, tokens per eojeol, types per token, share of test tokens that train lacks.

It also writes down which entries of the tables `intrinsic`, `grades` and `probes` are switched on, so that the report shows those
alone; and it is always in the graph, so that out/intrinsic, out/grades and out/probes are there where no such entry is.
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

from tasks import _files, _graph

COUNTED = ("tokens_per_eojeol", "characters_per_token", "type_token_ratio", "unknown_rate", "failed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to read and the folder to write."""
    parser.add_argument("--tokens", type=Path, required=True, help="folder of all tokens")
    parser.add_argument("--graph", type=Path, required=True, help="dvc.yaml: tokens that it does not switch on are left out")
    parser.add_argument("--out", type=Path, required=True, help="folder to write rates.json in")
    parser.add_argument("--graded", type=Path, required=True, help="folder to write grades.json in: the names of what is graded")
    parser.add_argument("--probed", type=Path, required=True, help="folder to write probes.json in: the names of what is probed")


def run(tokens: Path, graph: Path, out: Path, graded: Path, probed: Path) -> None:
    """Write rates.json, grades.json and probes.json. Raises ConfigError where tokens that are switched on were not made."""
    names = sorted(_graph.entries(graph, "tokens"))
    found = [_read(tokens / name) for name in names]
    for folder in (out, graded, probed):
        shutil.rmtree(folder, ignore_errors=True)
    _files.save(graded / "grades.json", sorted(_graph.entries(graph, "grades")))
    _files.save(probed / "probes.json", sorted(_graph.entries(graph, "probes") | _graph.entries(graph, "text_probes")))
    _files.save(out / "rates.json", {"intrinsic": sorted(_graph.entries(graph, "intrinsic")), "tokens": found})
    print(f"rates: {len(found)} ways to cut {len({row['corpus'] for row in found})} corpora")


def _read(folder: Path) -> dict[str, Any]:
    about, card = _files.load(folder / "tokenizer.json"), _files.load(folder / "card.json")
    test = card["splits"]["test"]
    said = {"corpus": about["corpus"], "language": about["language"], "tokenizer": _files.describe(about, "name")}
    return {"name": folder.name, **said, "lossless": about["lossless"], "vocabulary": card["vocabulary"]} | {
        key: test.get(key) for key in COUNTED
    }
