"""Answers for a whole file of texts, from file to file: the rows that came in, each with what the model says of its text.

python -m tasks predict --model bills-gru --in reviews.csv --out answers.parquet --text review
python -m tasks predict --model models:/classify-bills@champion --in texts.txt --out labels.jsonl --probabilities
python -m tasks predict --model out/train/bills-gru/seed-1 --in reviews.csv --encoding cp949 --out answers.csv
python -m tasks predict --model law-characters-ngram --in prompts.txt --out texts.jsonl --set length=60 --set temperature=0.8

Reads and writes .csv, .tsv, .jsonl, .parquet and .txt, a part at a time. Stopped or killed, the same command goes on where it was, and the
file that comes out is the same.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

    from malmoi.predictor import Predictor
    from tasks._tables import LeftOut


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument(
        "--model", required=True, help="an experiment (its best seed), a registered model (models:/NAME@ALIAS), or a bundle"
    )
    parser.add_argument(
        "--in", dest="source", type=Path, required=True, metavar="FILE", help="the texts: .csv, .tsv, .jsonl, .parquet, .txt"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write, of one of these kinds")
    parser.add_argument("--text", metavar="COLUMN", help="column with the texts (default: text, or the only one)")
    parser.add_argument("--probabilities", action="store_true", help="a column for the probability of every class")
    parser.add_argument("--encoding", default="utf-8", help="of the texts' file (default: utf-8)")
    parser.add_argument("--delimiter", default="", help="between the fields of a .csv or .tsv (default: a comma, a tab)")
    parser.add_argument(
        "--on-error",
        choices=["fail", "drop", "replace"],
        default="fail",
        help="what becomes of rows with bytes that are not of the encoding: an error, they are left out, or the bytes are replaced by �",
    )
    parser.add_argument("--rows", type=int, default=1000, help="that are read, answered and kept at a time (default: 1000)")
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="how a language model writes: length=60, stop=[.]"
    )


def run(
    model: str,
    source: Path,
    out: Path,
    text: str | None,
    probabilities: bool,
    encoding: str,
    rows: int,
    settings: list[str],
    delimiter: str = "",
    on_error: Literal["fail", "drop", "replace"] = "fail",
) -> None:
    """Write `out`. Raises ConfigError where model, file, column or options cannot be right."""
    from malmoi.config import ConfigError
    from malmoi.experiments import digest
    from malmoi.predictor import Predictor
    from tasks import _fetching, _parts, _tables

    if not source.is_file():
        raise ConfigError(f"{source}: no such file")
    if rows < 1:
        raise ConfigError(f"--rows should be 1 or more, found {rows}")
    _tables.kind(source), _tables.kind(out)
    _check_other(source, out)
    how, left_out, began = _tables.Reading(rows, encoding, delimiter, on_error), _tables.LeftOut(), time.monotonic()
    with _bundle(model) as folder:
        predictor = Predictor.load(folder)
        question = Question(text, probabilities, _options(settings))
        question.check(predictor, out)
        made_from = {"model": digest(folder), "source": _fetching.sha256(source), **asdict(how), **asdict(question)}
        with _parts.parts(out, made_from) as made:
            count, without = _answer(predictor, question, made, source, (_tables.parts(source, how, left_out), left_out))
            made.finish(_tables.write)
    said = f"{count:,} rows in {time.monotonic() - began:.0f} s" + (f"; {without:,} have no text, and no answer" if without else "")
    print(f"{out}: {said}{left_out}", flush=True)


def _check_other(source: Path, out: Path) -> None:
    """Raise ConfigError where the answers would take the place of the texts, under whatever name."""
    from malmoi.config import ConfigError

    if source.resolve() == out.resolve() or (out.exists() and source.samefile(out)):
        raise ConfigError(f"--out {out} is the file of the texts, and would take their place; name another file")
    if out.is_dir():
        raise ConfigError(f"--out {out} is a folder; name a file")


@dataclass(frozen=True)
class Question:
    """text: column with the texts, None: `text`, or the only one. probabilities: of every class. options: how a language model writes."""

    text: str | None
    probabilities: bool
    options: dict[str, Any]

    def check(self, predictor: "Predictor", out: Path) -> None:
        """Raises ConfigError for what this model cannot be asked."""
        from malmoi import config
        from malmoi.decoding import Decoding

        if predictor.problem == "language_model":
            config.read(Decoding, self.options, "--set")
            if self.probabilities or out.suffix.lower() == ".txt":
                raise config.ConfigError("a language model writes texts, of several lines and without classes: no --probabilities, no .txt")
        elif self.options:
            raise config.ConfigError(
                f"--set says how a language model writes; {predictor.about['experiment']} is a {predictor.problem} model"
            )

    def column(self, names: list[str], source: Path) -> str:
        """The column with the texts. Raises ConfigError, with the columns there are, where it is not there or cannot be told."""
        from malmoi.config import ConfigError
        from malmoi.corpora._records import column_name

        found = column_name(self.text) if self.text else ("text" if "text" in names else names[0] if len(names) == 1 else None)
        if found is None or found not in names:
            raise ConfigError(f"{source}: which column has the texts? There are: {', '.join(names)}; name one: --text COLUMN")
        return found


def _answer(
    predictor: "Predictor", question: Question, made: Any, source: Path, read: "tuple[Iterator[pa.Table], LeftOut]"
) -> tuple[int, int]:
    """Answer what was not answered yet. read: the tables, and what was noted of them. Returns (rows, rows without a text)."""
    from tasks._progress import Progress

    there, progress, without = len(made.files), Progress(source.name, _rows(source)), 0
    if there:
        print(f"{made.target}: goes on after {there} parts that are there", flush=True)
    column = ""
    for number, table in enumerate(read[0]):
        column = column or question.column(table.column_names, source)
        broken = {place - progress.done for place, name in read[1].broken if name == column}
        texts = [None if place in broken else text for place, text in enumerate(_texts(table, column, source, progress.done))]
        without += texts.count(None)
        if number >= there:
            made.add(number, _joined(table, _answers(predictor, question, texts), source))
        progress.add(len(table))
    return progress.done, without


def _texts(table: "pa.Table", column: str, source: Path, first: int) -> list[str | None]:
    """The texts; None where there is none, or only white space, or one that cannot be a text."""
    from malmoi.config import ConfigError
    from malmoi.corpora._fields import is_missing, unusable

    texts: list[Any] = table[column].to_pylist() if column in table.column_names else [None] * len(table)
    for place, text in enumerate(texts, first + 1):
        if not (is_missing(text) or isinstance(text, str)):
            raise ConfigError(f"{source}: column {column!r} should hold strings, row {place} has {type(text).__name__}: {text!r:.60}")
    return [text if isinstance(text, str) and text.strip() and not unusable(text) else None for text in texts]


def _answers(predictor: "Predictor", question: Question, texts: list[str | None]) -> dict[str, list[Any]]:
    """The new columns, a value for each text; None where there is no text."""
    there = [text for text in texts if text is not None]
    if predictor.problem == "language_model":
        names, found = ["continuation", "finish_reason"], [list(one.values()) for one in predictor.answer(there, **question.options)]
    else:
        names = ["label", "probability", *(f"probability {label}" for label in predictor.labels if question.probabilities)]
        found = [_classified(predictor, row, question.probabilities) for row in predictor.classify(there).tolist()]
    answers = iter(found)
    rows = [[None] * len(names) if text is None else next(answers) for text in texts]
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _classified(predictor: "Predictor", shares: list[float], probabilities: bool) -> list[Any]:
    best = max(range(len(shares)), key=shares.__getitem__)
    return [predictor.labels[best], shares[best], *(shares if probabilities else [])]


def _joined(table: "pa.Table", answers: dict[str, list[Any]], source: Path) -> "pa.Table":
    """What came in, with the answers beside it."""
    import pyarrow as pa

    from malmoi.config import ConfigError

    if both := sorted(set(table.column_names) & set(answers)):
        raise ConfigError(f"{source}: has a column {', '.join(both)} already, which is the name of an answer; give it another name")
    for name, values in answers.items():
        table = table.append_column(name, pa.array(values, pa.float64() if name.startswith("probability") else pa.string()))
    return table


def _rows(source: Path) -> int:
    """How many rows the file has; with line ends inside of quotes, somewhat fewer."""
    from tasks import _tables

    if _tables.kind(source) == ".parquet":
        return int(_tables.parquet(source).metadata.num_rows)
    with open(source, "rb") as stream:
        ends = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    return max(0, ends - (_tables.kind(source) in (".csv", ".tsv")))


def _options(settings: list[str]) -> dict[str, Any]:
    """--set as {"length": 60, "stop": ["."]}."""
    import yaml

    from malmoi.config import ConfigError

    pairs = [setting.partition("=") for setting in settings]
    if wrong := [name for name, sign, _ in pairs if not sign]:
        raise ConfigError(f"--set should be NAME=VALUE, as length=60, found {wrong[0]!r}")
    try:
        return {name: yaml.safe_load(value) for name, _, value in pairs}
    except yaml.YAMLError as error:
        raise ConfigError(f"--set: {error}") from None


@contextmanager
def _bundle(model: str) -> Iterator[Path]:
    """The folder of the bundle that a name stands for; a registered one's is gone afterwards. Raises ConfigError where there is none."""
    from tasks import generate

    if not model.startswith("models:/"):
        yield generate.find(model, Path("out/train"), Path("out/evaluate"))
        return
    from tasks import _claims, _tracking

    with _claims.bundle(_tracking.store(), model) as folder:
        yield folder
