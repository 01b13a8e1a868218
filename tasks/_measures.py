"""The tests that `intrinsic` asks: each takes what is asked, writes its tables and drawings, and gives the numbers for metrics.json."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from malmoi.config import ConfigError
from tasks import _files

if TYPE_CHECKING:
    from malmoi.intrinsic import Score, Vectors


@dataclass(frozen=True)
class Asked:
    """What tests are asked of: the entry, its fitted feature, the folders that it comes from, the folder of benchmarks, the one to fill."""

    entry: Any
    feature: Any
    pipeline: dict[str, Any]
    features: Path
    tokens: Path
    data: Path
    out: Path


def rates(tokens: Path) -> dict[str, Any]:
    """What the tokens' card says of them: types of train, and of test tokens per eojeol, types per token, share unknown to train."""
    card = _files.load(tokens / "card.json")
    of_test = card["splits"]["test"]
    return {"vocabulary": card["vocabulary"]} | {key: of_test[key] for key in ("tokens_per_eojeol", "type_token_ratio", "unknown_rate")}


def _simlex(asked: Asked) -> dict[str, Any]:
    from malmoi import benchmarks, intrinsic

    return _numbers("spearman", intrinsic.word_similarity(_vectors(asked), benchmarks.simlex(asked.data / "simlex")))


def _analogies(asked: Asked) -> dict[str, Any]:
    from malmoi import benchmarks, intrinsic

    sections = benchmarks.analogies(asked.data / "analogies")
    whole, answers = intrinsic.analogies(_vectors(asked), [question for section in sections.values() for question in section])
    rows, rest = [], iter(answers)
    for section, questions in sections.items():
        given = [(answer, intrinsic.form(question[3])) for question, answer in zip(questions, rest, strict=False) if answer]
        right = sum(answer == wanted for answer, wanted in given)
        share = f"{right / len(given):.4f}" if given else ""
        rows.append({"section": section, "asked": len(questions), "covered": len(given), "right": right, "accuracy": share})
    _files.save_table(asked.out / "analogies.csv", ["section", "asked", "covered", "right", "accuracy"], rows)
    return _numbers("accuracy", whole)


def _documents(asked: Asked) -> dict[str, Any]:
    from malmoi import benchmarks, intrinsic
    from malmoi.batches import Sequences
    from malmoi.tokenization import Tokenizer

    judged = benchmarks.documents(asked.data / "documents")
    about = asked.pipeline["tokenizer"]
    inputs = asked.feature.transform(Tokenizer(about["name"], about["options"], asked.features / "tokenizer")(judged.texts))
    vectors = getattr(asked.feature, "vectors", None)
    if isinstance(inputs, Sequences) and vectors is None:
        raise ConfigError(f"{asked.features}: token ids have no similarity; ask test documents of counts, TF-IDF, word or document vectors")
    return _numbers("pearson", intrinsic.document_similarity(inputs, judged, vectors))


def _neighbours(asked: Asked) -> dict[str, Any]:
    from malmoi import intrinsic

    words = asked.entry.words
    found = intrinsic.neighbours(_vectors(asked), words, asked.entry.nearest)
    rows = [asdict(one) | {"similarity": f"{one.similarity:.4f}"} for one in found]
    rows += [{"word": word} for word in words if word not in {one.word for one in found}]  # no vector: a row that says so
    rows.sort(key=lambda row: (words.index(row["word"]), row.get("rank", 0)))
    _files.save_table(asked.out / "neighbours.csv", ["word", "token", "rank", "neighbour", "similarity"], rows)
    return {"covered": len({one.word for one in found}), "asked": len(words)}


def _map(asked: Asked) -> dict[str, Any]:
    from malmoi import projection, word_map

    vectors = _vectors(asked)
    rows = vectors.frequent(asked.entry.mapped)
    points = projection.neighbourhoods(vectors.unit[rows])
    words = word_map.lay([vectors.tokens[row].strip() for row in rows], points)
    _files.save_table(asked.out / "map.csv", list(word_map.Word.__dataclass_fields__), [asdict(word) for word in words])
    drawing = word_map.draw(words, f"{len(words)} most frequent words of {asked.entry.corpus}; those alike stand together")
    (asked.out / "map.svg").write_text(f"{drawing}\n", encoding="utf-8")
    return {"words": len(words), "written": sum(bool(word.anchor) for word in words)}


def _bits(asked: Asked) -> dict[str, Any]:
    from malmoi import grading, rows

    train, test = (_Documents(asked.tokens / f"{split}.parquet") for split in ("train", "test"))
    characters = sum(len(row.text) + 1 for row in rows.read_tokens(test.path))
    return {"bits_per_character": _short(grading.language_model_bits(train, test, characters)), "order": grading.ORDER}


@dataclass(frozen=True)
class _Documents:
    """The tokens of each row of a file, read anew each time."""

    path: Path

    def __iter__(self) -> Iterator[list[str]]:
        from malmoi import rows

        return (row.tokens for row in rows.read_tokens(self.path))


def _vectors(asked: Asked) -> "Vectors":
    from malmoi.intrinsic import Vectors

    asked.out.mkdir(parents=True, exist_ok=True)
    return Vectors(asked.feature.tokens, asked.feature.vectors)


def _numbers(name: str, score: "Score") -> dict[str, Any]:
    low, high = score.interval or (None, None)
    return {name: _short(score.value), "low": _short(low), "high": _short(high), "covered": score.covered, "asked": score.asked}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


TESTS = {"simlex": _simlex, "analogies": _analogies, "documents": _documents, "neighbours": _neighbours, "map": _map, "bits": _bits}
