"""What a registered model is: raw Korean or English strings in, answers out. Shipped with the model, together with the `malmoi` package.

MLflow runs this file ("models from code") where the model is loaded, so it may only use what is shipped: no `tasks`, no path of the
project. Options come as MLflow params, typed by the model's signature: `return_probabilities` for classifiers; for language models
those of `malmoi.decoding.Decoding` (`length`, `temperature`, `top_k`, `top_p`, `beams`, `stop`, ...).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

Answer = Mapping[str, object]  # not dict[str, Any]: of that MLflow warns each time that it cannot check it


class Served(PythonModel):
    """One trained bundle as an MLflow model."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle and answer once, so that the first request does not wait for a JVM or for TensorFlow's first call."""
        from malmoi.predictor import Predictor

        self.predictor = Predictor.load(Path(context.artifacts["bundle"]))
        if self.predictor.problem == "classify":
            self.predictor.classify(["말모이"])
        else:
            self.predictor.answer(["말"], length=1)

    def predict(self, context: PythonModelContext, model_input: list[str], params: dict[str, Any] | None = None) -> Sequence[Answer]:
        """One answer per text: {"label", "probability"[, "probabilities"]} or {"text": the continuation, "finish_reason"}."""
        options = _options(params)
        with _refused():
            if options.pop("return_probabilities", False):
                return self._probabilities(model_input)
            return self.predictor.answer(model_input, **options)

    def predict_stream(self, context: PythonModelContext, model_input: str, params: dict[str, Any] | None = None) -> Iterator[str]:
        """The continuation of one text in pieces, each as soon as it is certain. Asked for in Python, with a list of one text, as MLflow
        wants it; its HTTP server does not stream."""
        from malmoi import config
        from malmoi.decoding import Decoding

        options = _options(params)
        options.pop("return_probabilities", None)  # a classifier's, which is told that it continues no text
        with _refused():
            yield from self.predictor.stream(model_input, config.read(Decoding, options, "options"))

    def _probabilities(self, texts: list[str]) -> Sequence[Answer]:
        """As `predict`, with the probability of every class."""
        shares = self.predictor.classify(texts).tolist()
        rows = [dict(zip(self.predictor.labels, row, strict=True)) for row in shares]
        return [{"label": max(row, key=row.__getitem__), "probability": max(row.values()), "probabilities": row} for row in rows]


def _options(params: dict[str, Any] | None) -> dict[str, Any]:
    options = dict(params or {})
    if "stop" in options:  # an MLflow list that may be empty needs one string to say of what kind it is
        options["stop"] = [stop for stop in options["stop"] if stop]
    return options


@contextmanager
def _refused() -> Iterator[None]:
    """The caller's mistake: HTTP 400, not 500."""
    from malmoi.config import ConfigError

    try:
        yield
    except ConfigError as error:
        raise MlflowException.invalid_parameter_value(str(error)) from None


set_model(Served())
