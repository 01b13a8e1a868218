"""What a registered model is: raw Korean or English strings in, answers out. Shipped with the model, together with the `malmoi` package.

MLflow runs this file ("models from code") where the model is loaded, so it may only use what is shipped: no `tasks`, no path of the
project. A text, a list of texts or a table comes in, over HTTP as `inputs`, `dataframe_split`, `dataframe_records`, CSV or Parquet. Options
come as MLflow params, typed by the model's signature: `return_probabilities` for classifiers; for language models those of
`malmoi.decoding.Decoding` (`length`, `temperature`, `top_k`, `top_p`, `beams`, `stop`, ...). What one request may ask for is limited, see
LIMITS; the server's environment sets others (MALMOI_SERVE_TEXTS=50000).
"""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

if TYPE_CHECKING:
    from malmoi.predictor import Predictor

Answer = Mapping[str, object]  # not dict[str, Any]: of that MLflow warns each time that it cannot check it
COLUMN = "text"
NOUNS = (
    "국회",
    "법원",
    "영화",
    "배우",
    "사람",
    "나라",
    "바다",
    "시간",
    "학교",
    "회사",
    "음악",
    "이야기",
    "마음",
    "여행",
    "친구",
    "가족",
    "음식",
    "건강",
    "교육",
    "경제",
    "문화",
    "역사",
    "자연",
    "기술",
)
ENDINGS = (
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에서",
    "에게",
    "으로",
    "까지",
    "부터",
    "마다",
    "보다",
    "처럼",
    "이다",
    "였다",
    "하다",
    "했다",
    "합니다",
    "하면서",
    "하지만",
    "하였으나",
)
LIMITS = {  # of one request: how many, and of what
    "MALMOI_SERVE_TEXTS": (10_000, "texts"),
    "MALMOI_SERVE_TEXT": (100_000, "characters in a text"),
    "MALMOI_SERVE_CHARACTERS": (10_000_000, "characters in all texts"),
    "MALMOI_SERVE_LENGTH": (2_000, "tokens to write for a text (length)"),
    "MALMOI_SERVE_BEAMS": (32, "beams"),
    "MALMOI_SERVE_STOPS": (32, "strings to stop at"),
    "MALMOI_SERVE_WRITTEN": (200_000, "tokens to write (texts x length x beams)"),
}
TURN = 256  # texts; then others, who wait for the tokenizer, have a turn
WARM_S = 5.0  # seconds that Java may be warmed up for, at most


class Served(PythonModel):
    """One trained bundle as an MLflow model."""

    _skip_type_hint_validation = True  # MLflow's own check knows lists alone; `_texts` takes more, and says what would be right

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle and answer a few texts, so that no request waits for a JVM, for its compiler, or for TensorFlow's first call."""
        from malmoi.predictor import Predictor

        self._predict_type_hints = type(self.predict_type_hints)()  # said in the signature; here MLflow would take any column for texts
        _let_tables_in()
        self.limits = _limits()  # what is no number stops the server here, not a request
        self.predictor = Predictor.load(Path(context.artifacts["bundle"]), long_run=True)
        _warm_up(self.predictor)

    def predict(self, context: PythonModelContext, model_input: list[str], params: dict[str, Any] | None = None) -> Sequence[Answer]:
        """One answer per text: {"label", "probability"[, "probabilities"]} or {"text": the continuation, "finish_reason"}."""
        options = _options(params)
        with _refused():
            texts = _texts(model_input)
            whole = options.pop("return_probabilities", False)
            _check_limits(self.predictor.problem, texts, options, self.limits)
            answer = self._probabilities if whole else self.predictor.answer
            parts = [texts[start : start + TURN] for start in range(0, len(texts), TURN)]
            return [one for part in parts for one in answer(part, **options)]

    predict._is_pyfunc = True  # type: ignore[attr-defined]  # it is checked, though not by MLflow, which else warns

    def predict_stream(self, context: PythonModelContext, model_input: str, params: dict[str, Any] | None = None) -> Iterator[str]:
        """The continuation of one text in pieces, each as soon as it is certain. Asked for in Python, with a list of one text, as MLflow
        wants it; its HTTP server does not stream."""
        from malmoi import config
        from malmoi.decoding import Decoding

        options = _options(params)
        options.pop("return_probabilities", None)  # a classifier's, which is told that it continues no text
        with _refused():
            [text] = _texts(model_input)
            _check_limits(self.predictor.problem, [text], options, self.limits)
            yield from self.predictor.stream(text, config.read(Decoding, options, "options"))

    def _probabilities(self, texts: list[str], **_: object) -> Sequence[Answer]:
        """As `predict`, with the probability of every class."""
        shares = self.predictor.classify(texts).tolist()
        rows = [dict(zip(self.predictor.labels, row, strict=True)) for row in shares]
        return [{"label": max(row, key=row.__getitem__), "probability": max(row.values()), "probabilities": row} for row in rows]


def _texts(given: Any) -> list[str]:
    """What came in as a list of strings. Raises ConfigError, saying which text is wrong and what would be right."""
    from malmoi.config import ConfigError

    column = _column(given) if hasattr(given, "columns") else given
    values = [column] if isinstance(column, str) else column.tolist() if hasattr(column, "tolist") else column
    if not isinstance(values, list | tuple):
        raise ConfigError(f"inputs should be a string, a list of strings, or a table with the column {COLUMN!r}, found {values!r:.100}")
    for number, value in enumerate(values, 1):
        if not isinstance(value, str):
            raise ConfigError(f"text {number} of {len(values)} should be a string (str), found {type(value).__name__}: {value!r:.100}")
    return list(values)


def _limits() -> dict[str, int]:
    """What one request may have, with what the server's environment sets. Raises ConfigError for what is no number."""
    from malmoi.config import ConfigError

    wrong = [f"{name}={os.environ[name]}" for name in LIMITS if not re.fullmatch("[0-9]+", os.environ.get(name, "0"))]
    if wrong:
        raise ConfigError(f"{', '.join(wrong)}: should be a whole number, as {LIMITS[wrong[0].partition('=')[0]][0]}")
    return {name: int(os.environ.get(name, default)) for name, (default, _) in LIMITS.items()}


def _check_limits(problem: str, texts: list[str], options: Mapping[str, Any], limits: Mapping[str, int]) -> None:
    """Raise ConfigError for a request that would keep the server from all others. Options that are wrong in themselves raise it, too."""
    from malmoi import config
    from malmoi.decoding import Decoding

    sizes = [len(text) for text in texts]
    asked = {"TEXTS": len(texts), "TEXT": max(sizes, default=0), "CHARACTERS": sum(sizes)}
    if problem == "language_model":
        given = config.read(Decoding, dict(options), "options")  # with what is left out
        asked |= {"LENGTH": given.length, "BEAMS": given.beams, "STOPS": len(given.stop)}
        asked["WRITTEN"] = len(texts) * given.length * given.beams
    for name, count in ((f"MALMOI_SERVE_{name}", count) for name, count in asked.items()):
        if count > limits[name]:
            raise config.ConfigError(
                f"a request may have {limits[name]:,} {LIMITS[name][1]}, this one has {count:,}; send several, or ask for less "
                f"({name} of the server's environment sets this limit)"
            )


def _column(table: Any) -> Any:
    """The texts of a table: its column `text`, else the only one it has."""
    from malmoi.config import ConfigError

    names = list(table.columns)
    if COLUMN not in names and len(names) != 1:
        raise ConfigError(
            f"which column has the texts? Name it {COLUMN!r}, or send that one alone; there are: {', '.join(map(str, names))}"
        )
    return table[COLUMN if COLUMN in names else names[0]]


def _options(params: dict[str, Any] | None) -> dict[str, Any]:
    options = dict(params or {})
    if "stop" in options:  # an MLflow list that may be empty needs one string to say of what kind it is
        options["stop"] = [stop for stop in options["stop"] if stop]
    return options


def _warm_up(predictor: "Predictor") -> None:
    """Ask for answers to words that were not there before, until Java has compiled what it uses."""
    until = time.monotonic() + WARM_S
    for noun in NOUNS:
        if time.monotonic() > until:
            return
        text = " ".join(noun + ending for ending in ENDINGS)
        predictor.answer([text], **({} if predictor.problem == "classify" else {"length": 1}))


def _let_tables_in() -> None:
    """Where MLflow's server loads this model: take tables as JSON too. The server (3.17.2) refuses them for any model whose signature comes
    from type hints, before the model is asked; CSV and Parquet it lets through."""
    server: Any = sys.modules.get("mlflow.pyfunc.scoring_server")
    parse = getattr(server, "_parse_json_data", None)
    if parse is None or hasattr(parse, "tables"):
        return

    def parse_tables(data: Any, metadata: Any, schema: Any) -> Any:
        table, params = server._split_data_and_params(data) if b'"dataframe_' in data else ({}, None)
        if not any(key.startswith("dataframe_") for key in table):
            return parse(data, metadata, schema)
        return server.ParsedJsonInput(server.infer_and_parse_data(table), params, False)

    parse_tables.tables = True  # type: ignore[attr-defined]
    server._parse_json_data = parse_tables


@contextmanager
def _refused() -> Iterator[None]:
    """The caller's mistake: HTTP 400, not 500."""
    from malmoi.config import ConfigError

    try:
        yield
    except ConfigError as error:
        raise MlflowException.invalid_parameter_value(str(error)) from None


set_model(Served())
