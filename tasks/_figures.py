"""Plots of a run for MLflow's artifact page: learning curve, confusion matrix, perplexity by position. The only file with matplotlib."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from tasks import _runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONTS = ("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "UnDotum", "Baekmuk Gulim")
INITIALS = "g kk n d tt r m b pp s ss - j jj ch k t p h".replace("-", "").split(" ")
VOWELS = ["a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i"]
FINALS = ["", *"g kk gs n nj nh d l lg lm lb ls lt lp lh m b bs s ss ng j ch k t p h".split()]  # noqa: SIM905 - a table to be read
COLORS = {"train": "tab:blue", "valid": "tab:orange"}
CELLS = 15  # classes at most for which every cell of a confusion matrix shows its number


def learning_curve(seeds: Sequence[_runs.Run], title: str) -> "Figure | None":
    """Losses over epochs, a line for each seed, the best validation epoch of all marked; None for fewer than two epochs."""
    curves = [(name, run.seed, _curve(run, f"{name}_loss")) for run in seeds for name in ("train", "valid")]
    if max(len(points) for _, _, points in curves) < 2:
        return None
    figure, axes = page(f"{title}: loss", (7.0, 4.2), (0.75, 0.55))
    for name, seed, points in curves:
        label = f"{name} loss" if seed == seeds[0].seed else None
        axes.plot(*zip(*points, strict=True), marker=".", label=label, color=COLORS[name], alpha=1 if len(seeds) == 1 else 0.6)
    best = min((point for name, _, points in curves if name == "valid" for point in points), key=lambda point: point[1], default=None)
    if best is not None:
        axes.annotate(f"best {best[1]:.3f}", best, textcoords="offset points", xytext=(0, 10), ha="center", fontsize=9)
        axes.plot(*best, "o", fillstyle="none", color="black")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epoch" if len(seeds) == 1 else f"epoch (a line for each of {len(seeds)} seeds)")
    axes.set_ylabel("loss in nats (per text or token)")
    axes.legend(loc="upper right")  # matplotlib takes long to find a better place, and warns of that
    axes.grid(alpha=0.3)
    return figure


def _curve(run: _runs.Run, name: str) -> list[tuple[int, float]]:
    return sorted((epoch, value) for (metric, epoch), value in _runs.epochs(run).items() if metric == name)


def confusion_matrix(rows: Sequence[dict[str, str]], title: str) -> "Figure | None":
    """What the examples of each class were taken for; None without rows. Shades are shares of the row, numbers are counts."""
    if not rows:
        return None
    counts = Counter((row["actual"], row["predicted"]) for row in rows)
    labels = sorted({label for pair in counts for label in pair})
    matrix = [[counts[actual, predicted] for predicted in labels] for actual in labels]
    side = min(10.0, max(3.2, 0.55 * len(labels)))  # inches
    shown = [_short(readable(label)) for label in labels]
    room = 0.5 + max(map(_width, shown)), 0.4 + 0.72 * max(map(_width, shown))
    figure, axes = page(f"{title}: {len(rows):,} test texts", (side + room[0] + 0.15, side + room[1] + 0.4), room)
    shares = [[count / max(1, sum(row)) for count in row] for row in matrix]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, row in enumerate(matrix if len(labels) <= CELLS else []):
        for x, count in enumerate(row):
            axes.text(x, y, str(count or ""), ha="center", va="center", fontsize=9, color="white" if shares[y][x] > 0.5 else "black")
    axes.set_xticks(range(len(labels)), shown, rotation=45, ha="right", fontsize=9)
    axes.set_yticks(range(len(labels)), shown, fontsize=9)
    romanised = "" if korean_font() or shown == [_short(label) for label in labels] else " (romanised: no Korean font here)"
    axes.set_xlabel(f"predicted{romanised}")
    axes.set_ylabel("actual")
    return figure


def positions(rows: Sequence[dict[str, str]], title: str) -> "Figure | None":
    """Perplexity by position in the text: what context is worth to a language model; None without rows."""
    if not rows:
        return None
    figure, axes = page(f"{title}: perplexity by position in the text", (7.0, 4.2), (0.75, 0.9))
    names = [row["position"] for row in rows]
    axes.plot(range(len(rows)), [float(row["perplexity"]) for row in rows], marker=".")
    axes.set_xticks(range(len(rows)), names, rotation=45 if len(rows) > 8 else 0, ha="right" if len(rows) > 8 else "center", fontsize=9)
    axes.set_xlabel("position (tokens from the start)")
    axes.set_ylabel("perplexity per token")
    axes.set_yscale("log")
    axes.grid(alpha=0.3, which="both")
    return figure


def readable(label: str) -> str:
    """A label as it can be drawn here: unchanged with a Korean font, else its Hangul romanised letter by letter.

    >>> romanise("한국어 law")
    'hangugeo law'
    """
    return label if korean_font() else romanise(label)


def romanise(text: str) -> str:
    """Hangul syllables in Latin letters (Revised Romanization's letters, without its sound changes); the rest as it is."""
    return "".join(_syllable(letter) if "가" <= letter <= "힣" else letter for letter in text)


def _syllable(letter: str) -> str:
    initial, rest = divmod(ord(letter) - ord("가"), len(VOWELS) * len(FINALS))
    vowel, final = divmod(rest, len(FINALS))
    return INITIALS[initial] + VOWELS[vowel] + FINALS[final]


@cache
def korean_font() -> str | None:
    """Name of an installed font that has Hangul, a well known one if there is; None where none has it."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    known = {entry.name: entry.fname for entry in manager.ttflist}
    if not set(FONTS) & known.keys():  # matplotlib's list may be older than the fonts
        for file in set(font_manager.findSystemFonts()) - set(known.values()):
            with suppress(OSError, RuntimeError):  # bitmap fonts and the like, which matplotlib cannot read
                manager.addfont(file)
        known = {entry.name: entry.fname for entry in manager.ttflist}
    others = sorted(name for name in known if "Last Resort" not in name)  # that one draws boxes for everything
    for name in [*(name for name in FONTS if name in known), *others]:
        if font_manager.get_font(known[name]).get_char_index(ord("말")):
            return name
    return None


def _width(label: str) -> float:
    """Inches that a label takes at most, 9 points high; Hangul is twice as wide as Latin."""
    return sum(0.12 if letter >= "ᄀ" else 0.07 for letter in label)


def _short(label: str) -> str:
    return label if len(label) <= 18 else label[:17] + "…"


def page(title: str, size: tuple[float, float], room: tuple[float, float] | None = None) -> tuple["Figure", Any]:
    """An empty figure; no pyplot, which would keep figures and choose a window system. room: inches left of the axes and below them; None:
    matplotlib finds out, for which it draws all twice."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["font.family"] = [*filter(None, [korean_font()]), "DejaVu Sans"]
    matplotlib.rcParams["axes.unicode_minus"] = False
    figure = Figure(figsize=size, layout=None if room else "constrained")
    axes = figure.subplots()
    if room:
        figure.subplots_adjust(room[0] / size[0], room[1] / size[1], 1 - 0.15 / size[0], 1 - 0.4 / size[1])
    axes.set_title(title, fontsize=11)
    return figure, axes
