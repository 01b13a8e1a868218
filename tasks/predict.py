"""Answers for a whole file of texts, from file to file: the rows that came in, each with what the model says of its text.

python -m tasks predict --model bills-gru --in reviews.csv --out answers.parquet --text review
python -m tasks predict --model models:/classify-bills@champion --in texts.txt --out labels.jsonl --probabilities
python -m tasks predict --model out/train/bills-gru/seed-1 --in reviews.csv --encoding cp949 --out answers.csv
python -m tasks predict --model law-characters-ngram --in prompts.txt --out texts.jsonl --set length=60 --set temperature=0.8

Reads and writes .csv, .tsv, .jsonl, .parquet and .txt, a part at a time. Stopped or killed, the same command goes on where it was, and the
file that comes out is the same.
"""

import argparse
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

    from malmoi.predictor import Predictor
    from tasks import _tables

MOST = 10_000_000  # rows that are answered at a time, at most
TAB = {"\\t": "\t", "tab": "\t"}  # as a shell passes it
OPTION = re.compile(r"\b(set|or) (encoding|delimiter|quoting|uneven|on_error): ")
WITHOUT = {"no text": "have no text", "holds a NUL byte": "hold a NUL byte"}


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
    parser.add_argument("--delimiter", help="between the columns of a .csv (default: ,) or .tsv (default: a tab, or \\t)")
    parser.add_argument(
        "--quoting", choices=["standard", "none"], default="standard", help="none: a quotation mark is a character of the text"
    )
    parser.add_argument("--uneven", choices=["error", "drop"], default="error", help="rows with too few or too many columns")
    parser.add_argument(
        "--on-error",
        choices=["fail", "drop", "replace"],
        default="fail",
        help="a row that cannot be read: stop, leave it out, or have U+FFFD for its bad bytes; such rows are counted",
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
    delimiter: str | None = None,
    quoting: Literal["standard", "none"] = "standard",
    uneven: Literal["error", "drop"] = "error",
    on_error: Literal["fail", "drop", "replace"] = "fail",
) -> None:
    """Write `out`. Raises ConfigError where model, file, column or options cannot be right."""
    from malmoi.corpora._fields import column_names
    from malmoi.experiments import digest
    from malmoi.predictor import Predictor
    from tasks import _fetching, _parts, _tables, _tables_written

    with _told(out):
        _check(source, out, rows, encoding)
    began = time.monotonic()
    delimiter = TAB.get(delimiter, delimiter) if delimiter else None
    text = column_names([text])[0] if text else None
    with _bundle(model) as folder, _told(out):
        predictor = Predictor.load(folder)
        question = Question(text, probabilities, _options(settings))
        question.check(predictor, out)
        asked = _tables.Source(source, encoding, delimiter, quoting, uneven, on_error, predictor.about.get("language"), text)
        read_as = {name: value for name, value in asdict(asked).items() if name != "path"}
        made_from = {"model": digest(folder), "source": _fetching.sha256(source), "rows": rows, **read_as, **asdict(question)}
        with _parts.parts(out, made_from) as made:
            said = _answer(predictor, question, made, asked, rows)
            made.finish(_tables_written.write)
    print(f"{out}: {said.rows:,} rows in {time.monotonic() - began:.0f} s{said}", flush=True)


def _check(source: Path, out: Path, rows: int, encoding: str) -> None:
    """Raise ConfigError for what cannot be read, written or counted, and where the answers would overwrite the texts."""
    from malmoi.config import ConfigError
    from malmoi.corpora._text import check_encoding
    from tasks import _tables

    if not 1 <= rows <= MOST:
        raise ConfigError(f"--rows should be 1 to {MOST:,}, found {rows}")
    check_encoding(encoding)

    if not source.is_file():
        raise ConfigError(f"{source}: no such file")
    if out.is_dir():
        raise ConfigError(f"{out}: this is a folder; name a file to write")
    if out.parent.is_file():
        raise ConfigError(f"{out}: {out.parent} is a file, not a folder")
    if os.path.realpath(source) == os.path.realpath(out) or (out.exists() and source.samefile(out)):
        raise ConfigError(f"{out}: this is the file with the texts ({source}), and would be overwritten; name another one with --out")
    _tables.kind(source), _tables.kind(out)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    """Options are called as on the command line, and what the file system refuses is a plain error."""
    from malmoi.config import ConfigError

    try:
        yield
    except ConfigError as error:
        raise ConfigError(OPTION.sub(_as_flag, str(error))) from None
    except OSError as error:
        raise ConfigError(f"{error.filename or out}: {error.strerror or error}") from None


def _as_flag(found: re.Match[str]) -> str:
    """An option of a reader as predict has it.

    >>> OPTION.sub(_as_flag, "mend it, or set on_error: drop")
    'mend it, or give --on-error drop'
    """
    return f"{'or' if found[1] == 'or' else 'give'} --{found[2].replace('_', '-')} "


@dataclass
class Said:
    """What there is to say of the answers in the end. rows: that came out; without: those without an answer, by reason."""

    rows: int = 0
    repaired: int = 0
    without: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        words = [f"{count:,} {WITHOUT.get(reason, reason)}" for reason, count in sorted(self.without.items())]
        answers = f"; {', '.join(words)}, and no answer" if words else ""
        repaired = f"; {self.repaired:,} hold U+FFFD for what could not be kept" if self.repaired else ""
        words = [f"{count:,} {reason}" for reason, count in sorted(self.left_out.items())]
        return answers + repaired + (f"; left out: {', '.join(words)}" if words else "")


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

        found = self.text or ("text" if "text" in names else names[0] if len(names) == 1 else None)
        if found is None or found not in names:
            raise ConfigError(f"{source}: which column has the texts? There are: {', '.join(names)}; name one: --text COLUMN")
        return found


def _answer(predictor: "Predictor", question: Question, made: Any, source: "_tables.Source", rows: int) -> Said:
    """Answer what was not answered yet."""
    from tasks import _tables
    from tasks._progress import Progress

    there, progress, said = len(made.files), Progress(source.path.name, _rows(source)), Said()
    if there:
        print(f"{made.target}: goes on after {there} parts that are there", flush=True)
    for number, part in enumerate(_tables.parts(source, rows, lambda names: question.column(names, source.path))):
        said.rows += len(part.table)
        said.repaired += part.repaired
        said.without += part.without
        said.left_out += part.left_out
        if number >= there:
            made.add(number, _joined(part.table, _answers(predictor, question, part.texts), source.path))
        progress.add(len(part.table))
    return said


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


def _rows(source: "_tables.Source") -> int:
    """How many rows the file has; with line ends inside of quotes, somewhat fewer."""
    if source.kind == ".parquet":
        import pyarrow.parquet as pq

        from malmoi.corpora.parquet import readable

        with readable(source.path), pq.ParquetFile(source.path) as file:
            return int(file.metadata.num_rows)
    with open(source.path, "rb") as stream:
        ends = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    return max(0, ends - (source.kind in (".csv", ".tsv")))


def _options(settings: list[str]) -> dict[str, Any]:
    """--set as {"length": 60, "stop": ["."]}."""
    import yaml

    from malmoi.config import ConfigError

    pairs = [setting.partition("=") for setting in settings]
    if wrong := [name for name, sign, _ in pairs if not sign]:
        raise ConfigError(f"--set should be NAME=VALUE, as length=60, found {wrong[0]!r}")
    try:
        return {name: yaml.safe_load(value) for name, _, value in pairs}
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: as 2024-02-30, which is no day
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
