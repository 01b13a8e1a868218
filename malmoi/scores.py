"""How a score is named and written for people: one place, so that the leaderboard, the decision and the page say the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """title: its name in a sentence; better: "higher" or "lower"; unit: behind a difference; percent: a share, shown out of a hundred;
    short: its name above a narrow column, where it has a shorter one."""

    title: str
    better: str
    unit: str = ""
    percent: bool = False
    digits: int = 3
    short: str = ""


SCORES = {
    "accuracy": Score("accuracy", "higher", "points", percent=True, digits=1),
    "macro_f1": Score("macro F1", "higher", "points", percent=True, digits=1),
    "log_loss": Score("log loss", "lower", "nats"),
    "calibration_error": Score("calibration error", "lower", "points", percent=True, digits=1, short="ECE"),
    "perplexity": Score("perplexity", "lower", digits=2),
    "bits_per_character": Score("bits per character", "lower", "bits per character"),
    "bits_per_byte": Score("bits per byte", "lower", "bits per byte"),
    "bits_per_token": Score("bits per token", "lower", "bits per token"),
    "unknown_rate": Score("unknown tokens", "lower", "points", percent=True, digits=1, short="unknown"),
}


def score(metric: str) -> Score:
    """What is known of a metric; one that is not listed is shown under its own name with three digits."""
    return SCORES.get(metric) or Score(metric.replace("_", " "), "higher")


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
