"""A small `out/` in the format of `ingest`, `train` and `evaluate`: four corpora, classifiers and language models, two languages."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BILLS = [
    "국회법 일부개정법률안",
    "관세법 일부개정법률안",
    "노인복지법 일부개정법률안",
    "도로교통법 일부개정법률안",
    "학교급식법 전부개정법률안",
]
POLARITY = ["negative", "positive"]
SAMPLES = {
    "ko": ("대한민국은 ", "모든 국민의 자유와 권리를 법률로 보장하며, 국가는 이를 지킬 의무를 진다."),
    "en": ("The city ", "was founded in the <unk> century & became the capital of the region; it is known for its <b>old</b> harbour."),
}
CORPORA = {"bills": ("ko", BILLS), "polarity": ("en", POLARITY), "law": ("ko", []), "wiki": ("en", [])}
# family, score around which it does (share right; bits per character), seeds, tokenizer; a language model's tokenizer may lose text
CLASSIFIERS: dict[str, tuple[str, float, list[int], str]] = {
    "bills-okt-bow": ("linear", 0.86, [1], "okt"),
    "bills-characters-tfidf": ("linear", 0.91, [1], "characters"),
    "bills-gru": ("recurrent", 0.90, [1, 2, 3], "komoran"),
    "bills-rnn": ("recurrent", 0.72, [1, 2], "komoran"),
    "polarity-tfidf": ("linear", 0.71, [1], "english"),
    "polarity-bilstm": ("recurrent", 0.88, [1, 2], "english"),
}
LANGUAGE_MODELS: dict[str, tuple[str, float, list[int], str]] = {
    "law-characters-ngram": ("ngram", 2.61, [1], "characters"),
    "law-characters-lstm": ("recurrent", 2.38, [1, 2], "characters"),
    "law-komoran-gru": ("recurrent", 2.9, [1], "komoran"),
    "law-komoran-ngram": ("ngram", 3.1, [1], "komoran"),
    "wiki-words-ngram": ("ngram", 2.2, [1], "english"),
    "wiki-characters-gru": ("recurrent", 2.3, [1], "characters"),
}
TOKEN = {"characters": 1.0, "komoran": 2.1, "english": 5.2}  # characters of a token
LOSSY = ("komoran",)


def write(out: Path) -> Path:
    """All corpora and experiments, and beside `out` a dvc.yaml that switches them on."""
    switch_on(out.parent, CLASSIFIERS | LANGUAGE_MODELS)
    for name, (_, labels) in CORPORA.items():
        write_json(out / "ingest" / name / "card.json", card(labels))
    for name in CLASSIFIERS:
        classifier(out, name)
    for name in LANGUAGE_MODELS:
        language_model(out, name)
    for name in ("bills-gru", "law-characters-lstm"):
        write_cost(out, name)
    return out


def switch_on(folder: Path, names: Iterable[str]) -> Path:
    """A dvc.yaml with these experiments, one params file for each corpus."""
    tables: dict[str, dict[str, Any]] = {}
    for name in names:
        tables.setdefault(name.split("-")[0], {})[name] = {}
    for corpus, table in tables.items():
        write_json(folder / f"params/experiments/{corpus}.yaml", {"experiments": table})
    write_json(folder / "dvc.yaml", {"vars": [f"params/experiments/{corpus}.yaml" for corpus in tables]})
    return folder / "dvc.yaml"


def card(labels: list[str]) -> dict[str, Any]:
    """A data card as `ingest` writes it."""
    sizes = {"train": 800, "valid": 100, "test": 200}
    first = [{"where": "bills.csv:17", "text": "<script>alert(1)</script>"}]
    return {
        "title": "Bills & sentences",
        "licence": "public domain",
        "citation": "https://example.org/corpus?a=1&b=2",
        "note": "One example is one clause; cover pages and tables are left out, and duplicates are dropped.",
        "sources": [{"package": "konlpy"}],
        "rows": {"read": 1112, "kept": 1100, "dropped": 12},
        "drops": {"empty text": {"count": 12, "first": first}},
        "splits": {split: _split(size, labels) for split, size in sizes.items()},
        "duplicates": {"within": dict.fromkeys(sizes, 2), "across": {"test in train": 1}, "conflicting": dict.fromkeys(sizes, 0)},
    }


def classifier(out: Path, name: str, examples: int = 200) -> None:
    """One classifier: truth is the same for all of a corpus, errors are drawn at its accuracy, some examples being hard for every model."""
    family, share, seeds, _ = CLASSIFIERS[name]
    labels = CORPORA[name.split("-")[0]][1]
    truth = np.random.default_rng(0).integers(len(labels), size=examples)
    hard = np.random.default_rng(1).random(examples)
    rows, found = [], {}
    for seed in seeds:
        random = np.random.default_rng([seed, *name.encode()])
        right = 0.7 * hard + 0.3 * random.random(examples) < np.quantile(hard, share) * 0.85
        predicted = np.where(right, truth, (truth + 1 + random.integers(len(labels) - 1, size=examples)) % len(labels))
        rows += [_answer(seed, place, labels[truth[place]], labels[predicted[place]]) for place in range(examples)]
        accuracy = float(right.mean())
        found[str(seed)] = {"accuracy": accuracy, "macro_f1": accuracy - 0.01, "log_loss": 1.5 - accuracy, "calibration_error": 0.04}
    _write_common(out, name, {"problem": "classify", "primary": "accuracy", "better": "higher", "lossless": True}, found)
    _write_history(out / "train" / name / "history.csv", (family, 3 * (1 - share), seeds))
    columns = [("seed", pa.int32()), *((column, pa.string()) for column in ("id", "label", "predicted"))]
    write_rows(out / "evaluate" / name, rows, [*columns, ("probability", pa.float64()), ("correct", pa.bool_())])
    pairs = [{"actual": row["label"], "predicted": row["predicted"]} for row in rows if row["seed"] == seeds[0]]
    write_table(out / "evaluate" / name / "confusion.csv", pairs)
    _write_closer(out / "evaluate" / name, labels, share)


def _write_closer(folder: Path, labels: list[str], share: float) -> None:
    """The tables of a classifier: by class, by confidence, by length and by what its vocabulary lacks; the longer, the worse."""
    edges = {"low": share - 0.1, "high": min(1.0, share + 0.1)}
    whole = {"precision": share, "recall": share, "f1": share, **edges, "support": 40, "predicted": 38}
    write_table(folder / "classes.csv", [{"class": label, **whole} for label in labels])
    bins = [{"from": 0.8, "to": 0.867, "texts": 150}, {"from": 0.933, "to": 1.0, "texts": 50}]
    write_table(folder / "calibration.csv", [{**one, "confidence": one["to"] - 0.02, "accuracy": share, **edges} for one in bins])
    lengths = [(1, 20, share), (21, 44, share - 0.01), (45, 1_200, share - 0.05)]
    parts = [{"from": low, "to": high, "texts": 66, "accuracy": right, **edges} for low, high, right in lengths]
    write_table(folder / "length.csv", [{"unit": unit, **part} for unit in ("characters", "tokens") for part in parts])
    shares = [(0.0, 0.0, share), (0.0, 0.05, share - 0.02), (0.25, 0.5, share - 0.2)]
    write_table(folder / "unknown.csv", [{"from": a, "to": b, "texts": 60, "accuracy": right, **edges} for a, b, right in shares])
    rows = [{"name": "embedding", "kind": "vectors", "parameters": 900, "multiply_adds_per_token": 0, "multiply_adds_per_text": 0}]
    rows += [{"name": "head", "kind": "plain", "parameters": 100, "multiply_adds_per_token": 0, "multiply_adds_per_text": 90}]
    write_table(folder / "layers.csv", rows)


def write_cost(out: Path, name: str) -> None:
    """What training and answering cost, measured."""
    seeds = (CLASSIFIERS | LANGUAGE_MODELS)[name][2]
    spent = {"seconds": 80.0, "start_seconds": 5.0, "cpu_seconds": 140.0, "epochs": 14, "updates": 140, "texts": 800, "tokens": 9_000}
    trained = {"experiment": name, "features": f"{name}-lm", "cores": 2, "peak_mb": 812.5, "seeds": {str(seed): spent for seed in seeds}}
    write_json(out / "cost/train" / f"{name}.json", trained)
    speeds = {"texts_per_second": 1234.5, "words_per_second": 15_000.0, "tokens_per_second": 29_000.0, "texts": 200, "peak_mb": 402.5}
    before = {direction: {"seconds": 121.0, "start_seconds": 1.0, "cpu_seconds": 200.0} for direction in ("forward", "backward")}
    write_json(out / "cost/pretrain" / f"{name}-lm.json", {"pretraining": f"{name}-lm", "cores": 2, "directions": before})
    write_json(out / "cost/evaluate" / f"{name}.json", {"experiment": name, **speeds})


def language_model(out: Path, name: str, texts: int = 150) -> None:
    """One language model: bits of each text around its rate per character."""
    family, rate, seeds, tokenizer = LANGUAGE_MODELS[name]
    language, lossless = CORPORA[name.split("-")[0]][0], tokenizer not in LOSSY
    length = np.random.default_rng(0).integers(20, 200, size=texts)
    tokens = (length / TOKEN[tokenizer]).astype(int) + 1
    rows, found = [], {}
    for seed in seeds:
        bits = np.random.default_rng([seed, *name.encode()]).normal(rate, 0.25, size=texts) * length
        sizes = {"tokens": tokens, "characters": length, "bytes": length * 3}
        rows += [
            {
                "seed": seed,
                "id": f"t{place}",
                "bits": bits[place],
                "guess": 4.0 * length[place],
                **{key: int(of[place]) for key, of in sizes.items()},
            }
            for place in range(texts)
        ]
        totals = {key: float(of.sum()) for key, of in sizes.items()}
        per = {key: float(bits.sum()) / total for key, total in totals.items()}
        raw = {"bits_per_character": per["characters"] if lossless else None, "bits_per_byte": per["bytes"] if lossless else None}
        found[str(seed)] = {"perplexity": 2 ** per["tokens"], **raw, "bits_per_token": per["tokens"], "unknown_rate": 0.01, **totals}
    primary = "bits_per_character" if lossless else "perplexity"
    _write_common(
        out,
        name,
        {"problem": "language_model", "primary": primary, "better": "lower", "lossless": lossless, "vocabulary": tokenizer},
        found,
    )
    _write_history(out / "train" / name / "history.csv", (family, rate, seeds))
    columns = [("seed", pa.int32()), ("id", pa.string()), ("bits", pa.float64()), ("guess", pa.float64())]
    write_rows(out / "evaluate" / name, rows, [*columns, *((column, pa.int32()) for column in ("tokens", "characters", "bytes"))])
    curve = [{"position": 10 * place, "perplexity": 4 * rate**2 * (1 + 2 / (1 + place)), "tokens": 900} for place in range(12)]
    write_table(out / "evaluate" / name / "position.csv", curve)
    prompt, text = SAMPLES[language]
    _write_rare(out / "evaluate" / name, rate, "bits_per_character" if lossless else "perplexity")
    samples = [{"prompt": prompt, "temperature": heat, "seed": seed, "text": text} for seed in seeds for heat in (0.0, 0.8)]
    write_json(out / "evaluate" / name / "samples.json", samples)


def _write_rare(folder: Path, rate: float, metric: str) -> None:
    """The tables of a language model: by length and by frequency, and what it generates by temperature."""
    edges = {f"{metric}_low": rate - 0.1, f"{metric}_high": rate + 0.1}
    parts = [
        {"unit": "characters", "from": low, "to": high, "texts": 50, "tokens": 900, metric: rate, **edges}
        for low, high in [(9, 60), (61, 199)]
    ]
    write_table(folder / "length.csv", parts)
    names = {"unknown": 40.0, "1-9": 4 * rate, "10-99": 2 * rate, "1000-9999": rate, "end of text": 0.5}
    rest = {"perplexity": 9.0, "share_of_tokens": 0.2, "share_of_bits": 0.2}
    bits = [
        {"frequency": name, "tokens": 90, "bits_per_token": bits, "low": bits - 0.3, "high": bits + 0.3, **rest}
        for name, bits in names.items()
    ]
    write_table(folder / "frequency.csv", bits)
    varied = {"repetition": 0.4, "distinct_1": 0.2, "distinct_2": 0.5, "distinct_3": 0.7}
    heats = [{"temperature": heat, "mean_log_likelihood": -1 - heat, **varied} for heat in (0.0, 0.4, 0.8)]
    write_table(folder / "generation.csv", [heats[0] | {"distinct_2": 0.1}, *heats[1:]])


def write_json(path: Path, data: object) -> None:
    """JSON, with the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    """CSV, with the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_rows(folder: Path, rows: list[dict[str, Any]], columns: list[tuple[str, pa.DataType]]) -> None:
    """predictions.parquet."""
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(columns)), folder / "predictions.parquet")


def _split(size: int, labels: list[str]) -> dict[str, Any]:
    counts = {"examples": size, "documents": 10, "characters": size * 71, "bytes": size * 160, "distinct_characters": 812, "empty": 0}
    lengths = {"mean": 71.2, "0%": 11.0, "50%": 66.0, "95%": 140.0, "100%": 310.0}
    balance = {label: size // len(labels) + place for place, label in enumerate(labels)}
    return {**counts, "labels": balance, "lengths": lengths, "scripts": {"hangul": 0.93, "digit": 0.04, "latin": 0.03}, "sha256": "ab" * 32}


def _answer(seed: int, place: int, label: str, predicted: str) -> dict[str, Any]:
    return {"seed": seed, "id": f"e{place}", "label": label, "predicted": predicted, "probability": 0.8, "correct": label == predicted}


def _write_common(out: Path, name: str, about: dict[str, Any], found: dict[str, dict[str, Any]]) -> None:
    family, _, seeds, tokenizer = (CLASSIFIERS | LANGUAGE_MODELS)[name]
    corpus = name.split("-")[0]
    columns = {metric: [one[metric] for one in found.values()] for metric in next(iter(found.values()))}
    mean = {metric: None if None in values else float(np.mean(values)) for metric, values in columns.items()}
    spread = {metric: None if None in values or len(values) < 2 else float(np.std(values, ddof=1)) for metric, values in columns.items()}
    interval = {metric: [value * 0.96, value * 1.04] for metric, value in mean.items() if value is not None}
    about = {"experiment": name, "corpus": corpus, "language": CORPORA[corpus][0], "family": family, "tokenizer": tokenizer, **about}
    about |= {"feature": f"{corpus}-{tokenizer}-ids", "parameters": 1000 * len(name)}
    about |= {"multiply_adds_per_token": 500, "multiply_adds_per_text": 0, "weight_bytes": 4000 * len(name)}
    splits = {split: {"mean": mean, "spread": spread, "interval": interval, "seeds": found} for split in ("valid", "test")}
    write_json(out / "evaluate" / name / "metrics.json", about | splits)
    write_json(out / "train" / name / "experiment.json", {"name": name, "seeds": seeds, "parameters": about["parameters"]})


def _write_history(path: Path, about: tuple[str, float, list[int]]) -> None:
    family, end, seeds = about
    passes = [(seed, epoch) for seed in seeds for epoch in range(1, 2 if family in ("linear", "ngram") else 15)]
    losses = [(end * (0.8 + 1.2 / epoch + seed / 60), end * (1 + 0.9 / epoch + 0.012 * epoch)) for seed, epoch in passes]
    write_table(path, [{"seed": s, "epoch": e, "train_loss": t, "valid_loss": v} for (s, e), (t, v) in zip(passes, losses, strict=True)])
