"""Measure one experiment on the raw text of its corpus: scores with intervals, one row per test example, tables for plots, samples.

Tables are those of the first seed on test: confusion.csv, classes.csv (precision, recall, F1 of each class), calibration.csv, length.csv
and unknown.csv of a classifier; position.csv, length.csv and frequency.csv of a language model (`objectives`, `breakdown`); layers.csv
(`cost`) where the model says what it is made of. All of it is the same for the same inputs. How fast the model answers is not: that goes
to a file of its own (`--cost`, decision 8).

A classifier is put to behavioural tests, too: behaviour.json (`malmoi/behaviour.py`, params/behaviour.yaml).

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

from tasks import _behaviour, _cache

TEMPERATURES = (0.0, 0.4, 0.8, 1.0, 1.2)
SAMPLE = {"characters": 160, "jamo": 360, "other": 60}  # tokens of a generated sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("name", help="experiment: an entry of table `experiments`")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that the ingest stage made")
    parser.add_argument("--model", type=Path, required=True, help="folder that the train stage made")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--cost", type=Path, help="file to write how fast the model answers; default: it is not measured")
    parser.add_argument("--behaviour", type=Path, help="params/behaviour.yaml: how to test a classifier's behaviour; default: not at all")


def run(name: str, corpus: Path, model: Path, out: Path, cost: Path | None = None, behaviour: Path | None = None) -> None:
    """Score every seed on valid and test."""
    about = json.loads((model / "experiment.json").read_text(encoding="utf-8"))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    outcomes: dict[str, dict[int, Any]] = {"valid": {}, "test": {}}
    samples, written = list[dict[str, Any]](), dict[float, list[Any]]()
    tests = _behaviour.Tests(behaviour, corpus)
    for seed in about["seeds"]:
        predictor = _measure(model / f"seed-{seed}", corpus, seed, outcomes)
        samples += _samples(predictor, about["prompts"], seed, written) if about["prompts"] else []
        tests.ask(predictor, seed)
        test = outcomes["test"][seed]
        print(
            f"{name} seed {seed}: " + ", ".join(f"{key} {value:.4g}" for key, value in test.scores.items() if value is not None), flush=True
        )
    first = outcomes["test"][about["seeds"][0]]
    _warn(name, first.absent)
    for table, columns in (first.tables | _layers(predictor.model)).items():
        _write_table(out / f"{table}.csv", columns)
    _write_rows(out / "predictions.parquet", outcomes["test"])
    tests.write(out / "behaviour.json")
    if samples:
        _write(out / "samples.json", samples)
        _write_table(out / "generation.csv", _by_temperature(written))
    shape = _shape(predictor.model, model / f"seed-{about['seeds'][0]}" / "model")
    _write(out / "metrics.json", _metrics(name, about, predictor, outcomes) | shape)
    if cost:
        _write_speed(cost, name, model / f"seed-{about['seeds'][0]}", corpus)


def _warn(name: str, labels: list[str]) -> None:
    from malmoi.scores import absent

    if labels:
        print(f"warning: {name}: {absent(labels)}", flush=True)


def _measure(bundle: Path, corpus: Path, seed: int, outcomes: dict[str, dict[int, Any]]) -> Any:
    from malmoi import objectives
    from malmoi.predictor import Predictor
    from malmoi.rows import read_examples

    predictor = Predictor.load(bundle, _cache.tokens())
    for split, by_seed in outcomes.items():
        examples = list(read_examples(corpus / f"{split}.parquet"))
        closely = split == "test" and not by_seed  # intervals and tables are the first seed's
        by_seed[seed] = objectives.find(predictor.problem).measure(predictor, examples, closely)
    return predictor


def _layers(model: Any) -> dict[str, dict[str, list[Any]]]:
    from malmoi import cost

    rows = cost.layers(model)
    return {"layers": {name: [row[name] for row in rows] for name in cost.COLUMNS}} if rows else {}


def _shape(model: Any, folder: Path) -> dict[str, float | None]:
    """What the model costs by its shape."""
    from malmoi import cost

    return {**cost.multiply_adds(cost.layers(model)), "weight_bytes": cost.weight_bytes(folder)}


def _write_speed(path: Path, name: str, bundle: Path, corpus: Path) -> None:
    from malmoi.rows import read_examples
    from tasks import _speed

    texts = [example.text for example in read_examples(corpus / "test.parquet")]
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, {"experiment": name, **_speed.measure(bundle, texts)})


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

    objective, first = objectives.find(about["problem"]), next(iter(outcomes["test"].values()))
    primary = objective.primary(predictor.lossless)
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
        "primary": primary.name,
        "better": primary.better,
        **({"vocabulary": first.vocabulary} if first.vocabulary else {}),
        **({"absent_labels": first.absent} if first.absent else {}),
        **({"protocol": "every text from a state of zeros"} if about["training"].get("reset") else {}),
        **{split: _summary(by_seed) | (_intervals(objective, by_seed) if split == "test" else {}) for split, by_seed in outcomes.items()},
    }


def _summary(by_seed: dict[int, Any]) -> dict[str, Any]:
    """Mean and standard deviation over seeds, and the scores of each."""
    scores = {seed: outcome.scores for seed, outcome in by_seed.items()}
    first = next(iter(by_seed.values()))
    columns = {key: [row[key] for row in scores.values()] for key in first.scores}
    mean = {key: None if None in values else statistics.fmean(values) for key, values in columns.items()}
    spread = {key: None if None in values or len(values) < 2 else statistics.stdev(values) for key, values in columns.items()}
    return {"mean": mean, "spread": spread, "interval": {}, "seeds": {str(seed): row for seed, row in scores.items()}}


def _intervals(objective: Any, by_seed: dict[int, Any]) -> dict[str, Any]:
    """95 % intervals: of one seed texts are redrawn, of the means over several seeds these, too."""
    outcomes = list(by_seed.values())
    if len(outcomes) == 1:
        return {"interval": outcomes[0].intervals}
    return {"interval": objective.intervals(outcomes), "redrawn": "texts and seeds"}


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
