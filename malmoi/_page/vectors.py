"""Word vectors and tokenizers on the page: what people's judgements say of them, neighbours, maps, and rates side by side."""

from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from malmoi import word_map
from malmoi._page.tables import Table

NAMES = {
    "simlex": ("SimLex-999", "Spearman's correlation with how similar people find two words", "spearman"),
    "analogies": ("Analogies", "share of right answers to “a is to b as c is to …”", "accuracy"),
    "documents": ("Documents", "Pearson's correlation with how similar people find two news articles", "pearson"),
    "bits": ("Bits per character", "of a small n-gram model over these tokens", "bits_per_character"),
}
RATES = {
    "vocabulary": ("types in train", "{:,}"),
    "tokens_per_eojeol": ("tokens per space-separated word", "{:.2f}"),
    "characters_per_token": ("characters per token", "{:.2f}"),
    "type_token_ratio": ("types per token", "{:.3f}"),
    "unknown_rate": ("unknown to train", "{:.1%}"),
}

GRADES = {
    "sentences_per_second": ("sentences a second", "{:,.0f}"),
    "peak_mb": ("MiB at most", "{:,.0f}"),
    "vocabulary": ("types in train", "{:,}"),
    "unknown_rate": ("unknown to train", "{:.2%}"),
    "fertility": ("tokens per space-separated word", "{:.2f}"),
    "accuracy": ("accuracy of one classifier", "{:.1%}"),
    "bits_per_character": ("bits per character of one language model", "{:.3f}"),
}


@dataclass(frozen=True)
class Measured:
    """One entry of `intrinsic`: about.json, metrics.json, and the rows of the CSV files."""

    about: dict[str, Any]
    metrics: dict[str, Any]
    neighbours: list[dict[str, str]] = field(default_factory=list)
    analogies: list[dict[str, str]] = field(default_factory=list)
    words: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Vectors:
    """All of it. rates, grades: a row for each way to cut a corpus, as `rates` and `grade` write them."""

    entries: list[Measured] = field(default_factory=list)
    rates: list[dict[str, Any]] = field(default_factory=list)
    grades: list[dict[str, Any]] = field(default_factory=list)


def section(found: Vectors) -> dict[str, Any]:
    """What the template shows; {} where there is nothing."""
    if not (found.entries or found.rates or found.grades):
        return {}
    boards = [
        (
            "rates",
            "Tokenizers side by side",
            "How each cuts the test split: how finely, how varied, how much it meets that train lacks.",
            found.rates,
            RATES,
        ),
        (
            "grades",
            "Tokenizers graded",
            "Speed on this machine, and the same classifier and language model over the tokens of each.",
            found.grades,
            GRADES,
        ),
    ]
    shown = [
        {"id": name, "title": title, "about": about, "tables": _tables(rows, columns)}
        for name, title, about, rows, columns in boards
        if rows
    ]
    return {"entries": [_entry(one) for one in found.entries], "boards": shown}


def _entry(one: Measured) -> dict[str, Any]:
    asked = [(test, one.metrics[test]) for test in NAMES if test in one.metrics]
    return {
        "name": one.about["entry"],
        "corpus": one.about["corpus"],
        "language": one.about["language"],
        "how": f"{one.about['features']}: {one.about['feature']['kind']} of {one.about['tokenizer']['name']} tokens",
        "scores": [_score(test, numbers) for test, numbers in asked],
        "neighbours": _neighbours(one.neighbours),
        "analogies": [row for row in one.analogies if row["covered"] != "0"],
        "sections": len(one.analogies),
        "drawing": _map(one),
    }


def _score(test: str, numbers: dict[str, Any]) -> dict[str, str]:
    title, meaning, key = NAMES[test]
    between = f"{_number(key, numbers['low'])} to {_number(key, numbers['high'])}" if numbers.get("low") is not None else ""
    part = f"{numbers['covered']:,} of {numbers['asked']:,} covered" if "asked" in numbers else f"order {numbers['order']}"
    return {"title": title, "meaning": meaning, "value": _number(key, numbers[key]), "between": between, "part": part}


def _number(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if key == "accuracy" else f"{value:.3f}".replace("-", "−")


def _neighbours(rows: list[dict[str, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(word, its neighbours with their cosines), in the order asked for; no neighbours where the word has no vector."""
    words = dict.fromkeys(row["word"] for row in rows)
    return [
        (word, [(row["neighbour"], f"{float(row['similarity']):.2f}") for row in rows if row["word"] == word and row["neighbour"]])
        for word in words
    ]


def _map(one: Measured) -> Markup | None:
    if not one.words:
        return None
    words = [word_map.Word(row["word"], float(row["x"]), float(row["y"]), float(row["size"]), row["anchor"]) for row in one.words]
    return word_map.draw(words, f"{one.about['entry']}: map of the {len(words)} most frequent words")


def _tables(rows: list[dict[str, Any]], columns: dict[str, tuple[str, str]]) -> list[Table]:
    """One table for each corpus."""
    titles = [title for title, _ in columns.values()]
    corpora = dict.fromkeys(row["corpus"] for row in rows)
    return [Table(corpus, titles, [_line(row, columns) for row in rows if row["corpus"] == corpus]) for corpus in corpora]


def _line(row: dict[str, Any], columns: dict[str, tuple[str, str]]) -> tuple[str, list[str]]:
    name = f"{row['name']}: {row['tokenizer']}" + (", gives the text back" if row["lossless"] else "")
    return name, ["–" if row.get(key) is None else written.format(row[key]) for key, (_, written) in columns.items()]
