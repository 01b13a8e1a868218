"""Measure one experiment on the raw text of its corpus: scores with intervals, one row per test example, tables for plots, samples.

A language model continues the experiment's prompts at several temperatures: samples.json has the texts, generation.csv how likely the
model holds them and how much they repeat themselves, by temperature.

Every model answers through the same predictor that is served. The validation split is scored too: it is what promotion chooses by.
"""

import argparse
import csv
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

from tasks import _cache

TEMPERATURES = (0.0, 0.4, 0.8, 1.0, 1.2)
SAMPLE = {"characters": 160, "jamo": 360, "other": 60}  # tokens of a generated sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="experiment: an entry of table `experiments`")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that the ingest stage made")
    parser.add_argument("--model", type=Path, required=True, help="folder that the train stage made")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")


def run(name: str, corpus: Path, model: Path, out: Path) -> None:
    """Score every seed on valid and test."""
    about = json.loads((model / "experiment.json").read_text(encoding="utf-8"))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    outcomes: dict[str, dict[int, Any]] = {"valid": {}, "test": {}}
    samples, written = list[dict[str, Any]](), dict[float, list[Any]]()
    for seed in about["seeds"]:
        predictor = _measure(model / f"seed-{seed}", corpus, seed, outcomes)
        samples += _samples(predictor, about["prompts"], seed, written) if about["prompts"] else []
        test = outcomes["test"][seed]
        print(
            f"{name} seed {seed}: " + ", ".join(f"{key} {value:.4g}" for key, value in test.scores.items() if value is not None), flush=True
        )
    first = outcomes["test"][about["seeds"][0]]
    for table, columns in first.tables.items():
        _write_table(out / f"{table}.csv", columns)
    _write_rows(out / "predictions.parquet", outcomes["test"])
    if samples:
        _write(out / "samples.json", samples)
        _write_table(out / "generation.csv", _by_temperature(written))
    _write(out / "metrics.json", _metrics(name, about, predictor, outcomes))


def _measure(bundle: Path, corpus: Path, seed: int, outcomes: dict[str, dict[int, Any]]) -> Any:
    from malmoi import objectives
    from malmoi.predictor import Predictor
    from malmoi.rows import read_examples

    predictor = Predictor.load(bundle, _cache.tokens())
    for split, by_seed in outcomes.items():
        examples = list(read_examples(corpus / f"{split}.parquet"))
        by_seed[seed] = objectives.find(predictor.problem).measure(predictor, examples, intervals=split == "test")
    return predictor


def _samples(predictor: Any, prompts: list[str], seed: int, written: dict[float, list[Any]]) -> list[dict[str, Any]]:
    """What a language model makes of each prompt, all written side by side; kept in `written` by temperature."""
    from malmoi import diversity
    from malmoi.decoding import Decoding

    length = SAMPLE.get(predictor.pipeline["tokenizer"]["name"], SAMPLE["other"])
    cases = [  # texts of one seed that meet in the same words would go on alike: draws of its own for each prompt
        (prompt, Decoding(length=length, temperature=heat, seed=seed + 1000 * place))
        for place, prompt in enumerate(prompts)
        for heat in TEMPERATURES
    ]
    samples = []
    for (prompt, decoding), one in zip(cases, predictor.generate(*map(list, zip(*cases, strict=True))), strict=True):
        written.setdefault(decoding.temperature, []).append(one)
        about = {"prompt": prompt, "temperature": decoding.temperature, "seed": seed, "text": one.text}
        samples.append(about | diversity.measure([one]))
    return samples


def _by_temperature(written: dict[float, list[Any]]) -> dict[str, list[Any]]:
    """Columns: temperature, and what the samples of all prompts and seeds measure together."""
    from malmoi import diversity

    rows = [{"temperature": heat, **diversity.measure(written[heat])} for heat in sorted(written)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _metrics(name: str, about: dict[str, Any], predictor: Any, outcomes: dict[str, dict[int, Any]]) -> dict[str, Any]:
    from malmoi import objectives

    primary, better = objectives.find(about["problem"]).primary(predictor.lossless)
    return {
        "experiment": name,
        "problem": about["problem"],
        "corpus": about["corpus"],
        "language": predictor.pipeline["language"],
        "family": about["model"]["family"],
        "tokenizer": predictor.pipeline["tokenizer"]["name"],
        "lossless": predictor.lossless,
        "feature": about["features"],
        "parameters": about["parameters"],
        "primary": primary,
        "better": better,
        **{split: _summary(by_seed) for split, by_seed in outcomes.items()},
    }


def _summary(by_seed: dict[int, Any]) -> dict[str, Any]:
    """Mean and standard deviation over seeds; the interval is that of the first seed's answers."""
    scores = {seed: outcome.scores for seed, outcome in by_seed.items()}
    first = next(iter(by_seed.values()))
    columns = {key: [row[key] for row in scores.values()] for key in first.scores}
    mean = {key: None if None in values else statistics.fmean(values) for key, values in columns.items()}
    spread = {key: None if None in values or len(values) < 2 else statistics.stdev(values) for key, values in columns.items()}
    return {"mean": mean, "spread": spread, "interval": first.intervals, "seeds": {str(seed): row for seed, row in scores.items()}}


def _write_rows(path: Path, by_seed: dict[int, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for seed, outcome in by_seed.items():
        columns = {"seed": pa.array([seed] * len(outcome.rows["id"]), pa.int32()), **outcome.rows}
        tables.append(pa.table(columns))
    pq.write_table(pa.concat_tables(tables), path, compression="zstd")


def _write_table(path: Path, columns: dict[str, list[Any]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
