"""Metrics: each is declared once, with its problem, its direction, and how people read it.

Everything that has to know a metric asks here: ranking and promotion for its direction, `compare` and MLflow for what is shown beside the
primary score, the paired tests for the sums behind it. To add one: compute it in `malmoi.metrics`, declare it here. A metric that nobody
declared is an error, as its direction could only be guessed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from malmoi.config import ConfigError
from malmoi.registry import suggest

PAGE, TERMINAL, RUNS, DVC = "page", "terminal", "runs", "dvc"  # report, `tasks leaderboard`, MLflow's tables, `dvc metrics show`


@dataclass(frozen=True)
class Metric:
    """title: its name in a sentence; better: "higher" or "lower"; unit: behind a difference; percent: a share, shown out of a hundred;
    short: its name above a narrow column, where it has a shorter one; beside: where it is shown beside the primary one.

    values, size: columns of predictions.parquet whose sums, divided, are the score (size "": divided by the number of texts), so that it
    can be tested in pairs; values "" where it is no such ratio. tested: the metric that is tested in its place; "": itself.
    """

    name: str
    title: str
    better: str
    unit: str = ""
    percent: bool = False
    digits: int = 3
    short: str = ""
    beside: tuple[str, ...] = ()
    values: str = ""
    size: str = ""
    tested: str = ""

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.better == "higher" else -1


METRICS: dict[str, tuple[Metric, ...]] = {  # by problem
    "classify": (
        Metric("accuracy", "accuracy", "higher", "points", percent=True, digits=1, beside=(DVC,), values="correct"),
        Metric("macro_f1", "macro F1", "higher", "points", percent=True, digits=1, beside=(PAGE, TERMINAL, RUNS, DVC)),
        Metric("log_loss", "log loss", "lower", "nats", beside=(PAGE, RUNS)),
        Metric(
            "calibration_error",
            "calibration error",
            "lower",
            "points",
            percent=True,
            digits=1,
            short="ECE",
            beside=(PAGE, TERMINAL, DVC),
        ),
    ),
    "language_model": (
        Metric("perplexity", "perplexity", "lower", digits=2, beside=(PAGE, TERMINAL, RUNS, DVC), tested="bits_per_token"),
        Metric(
            "bits_per_character",
            "bits per character",
            "lower",
            "bits per character",
            beside=(RUNS, DVC),
            values="bits",
            size="characters",
        ),
        Metric("bits_per_byte", "bits per byte", "lower", "bits per byte", beside=(PAGE, TERMINAL, DVC), values="bits", size="bytes"),
        Metric("bits_per_token", "bits per token", "lower", "bits per token", values="bits", size="tokens"),
        Metric("unknown_rate", "unknown tokens", "lower", "points", percent=True, digits=1, short="unknown", beside=(PAGE,)),
    ),
}
_BY_NAME = {metric.name: metric for metrics in METRICS.values() for metric in metrics}


def score(name: str) -> Metric:
    """A declared metric. Raises ConfigError, with the names there are, for another name."""
    if name not in _BY_NAME:
        raise ConfigError(f"no metric is called {name!r}{suggest(name, list(_BY_NAME))}; declare it in malmoi/scores.py")
    return _BY_NAME[name]


def beside(problem: str, place: str, primary: str = "") -> list[Metric]:
    """What is shown at a place (PAGE, TERMINAL, ...) beside the primary metric of a problem."""
    return [metric for metric in METRICS.get(problem, ()) if place in metric.beside and metric.name != primary]


def tested(name: str) -> Metric:
    """The metric whose sums a paired test compares, where `name` ranks: itself, or another (of perplexity, its logarithm)."""
    return score(score(name).tested or name)


def comparable(problems: Iterable[str]) -> list[str]:
    """Names of the metrics that paired tests compare, which alone can have a least gain."""
    return [metric.name for problem in problems for metric in METRICS[problem] if metric.values]


def show(metric: str, value: float | None) -> str:
    """A value as people read it; a dash where there is none.

    >>> show("accuracy", 0.8748), show("bits_per_character", 2.3456), show("perplexity", None)
    ('87.5%', '2.346', '–')
    """
    if value is None:
        return "–"
    known = score(metric)
    return f"{100 * value:.{known.digits}f}%" if known.percent else f"{value:,.{known.digits}f}"


def show_interval(metric: str, interval: tuple[float, float] | list[float] | None) -> str:
    """A 95 % interval, "86.1% to 88.9%"; empty where there is none."""
    return "" if interval is None else f"{show(metric, interval[0])} to {show(metric, interval[1])}"


def show_difference(metric: str, value: float) -> str:
    """A signed difference with its unit.

    >>> show_difference("accuracy", -0.0123), show_difference("bits_per_character", 0.25)
    ('−1.2 points', '+0.250 bits per character')
    """
    known = score(metric)
    number = f"{100 * value if known.percent else value:+,.{known.digits}f}"
    return f"{number} {known.unit}".strip().replace("-", "−")


def show_p(value: float) -> str:
    """A p value, never as a bare zero, and never broken over two lines (its spaces are no-break spaces).

    >>> [show_p(value).replace("\u00a0", " ") for value in (0.00004, 0.0312, 0.5)]
    ['p < 0.001', 'p = 0.031', 'p = 0.50']
    """
    written = "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"
    return written.replace(" ", "\u00a0")


def absent(labels: Sequence[str] | None) -> str:
    """What is said where the test split lacks classes; "" where it lacks none.

    >>> absent(["긍정"])
    "the test split has no text of '긍정'; in macro F1 such a class counts as 0 where it is predicted, and is left out where it is not"
    """
    if not labels:
        return ""
    named = ", ".join(map(repr, labels[:3])) + (f" and {len(labels) - 3:,} more" if len(labels) > 3 else "")
    counted = "in macro F1 such a class counts as 0 where it is predicted, and is left out where it is not"
    return f"the test split has no text of {named}; {counted}"
