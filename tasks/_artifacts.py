"""Files that go with a run in MLflow, made from `out/`: plots (`_figures.py`), metrics.json, behaviour.json, samples.

The run above all seeds has a picture of the curves of all; of each seed's own MLflow draws one from its epochs. Tables of the test split
(confusion, position) are those of the first seed, so that another seed's confusion is counted from predictions.parquet.
"""

from collections.abc import Sequence
from pathlib import Path

from tasks import _figures, _results, _runs

COPIED = ("metrics.json", "behaviour.json")


class Files:
    """What goes with the run of these seeds, one of them or all; made once, however often it is asked for."""

    def __init__(self, seeds: Sequence[_runs.Run]) -> None:
        self._seeds = seeds
        self._made: dict[str, bytes] | None = None

    def __call__(self, folder: Path) -> None:
        """Write them into `folder`."""
        if self._made is None:
            draw(self._seeds, folder)
            self._made = {file.name: file.read_bytes() for file in folder.iterdir()}
        for name, content in self._made.items():
            (folder / name).write_bytes(content)


def sources(seeds: Sequence[_runs.Run]) -> list[Path]:
    """What they are made from, of what is there; histories and scores are known without."""
    run = _examined(seeds)
    tables = ("confusion.csv", "position.csv") if _first(run) else ("predictions.parquet",)
    return [file for name in (*COPIED, "samples.json", *tables) if (file := run.evaluated / name).is_file()]


def draw(seeds: Sequence[_runs.Run], folder: Path) -> None:
    """Write plots, metrics.json, behaviour.json and samples.txt into `folder`, those that there is something for."""
    run, title = _examined(seeds), _runs.title(seeds[0].name, seeds[0].seed if len(seeds) == 1 else _runs.ALL)
    whose = _runs.title(run.name, run.seed)
    figures = {
        "learning-curve.png": _figures.learning_curve(seeds, title) if _all(seeds) else None,
        "confusion-matrix.png": _figures.confusion_matrix(confusion(run), whose),
        "perplexity-by-position.png": _figures.positions(_results.table(run.evaluated / "position.csv") if _first(run) else [], whose),
    }
    for name, figure in figures.items():
        if figure is not None:
            figure.savefig(folder / name, dpi=110)
    for source in sources(seeds):
        if source.name in COPIED:
            (folder / source.name).write_bytes(source.read_bytes())
    samples = _samples(run.evaluated / "samples.json", {int(one.seed) for one in seeds})
    if samples:
        (folder / "samples.txt").write_text(samples, encoding="utf-8")


def _examined(seeds: Sequence[_runs.Run]) -> _runs.Run:
    """Whose answers are shown: of several seeds, those of the one that `evaluate` has looked at closely."""
    return next((run for run in seeds if _first(run)), seeds[0])


def _all(seeds: Sequence[_runs.Run]) -> bool:
    return len(seeds) == len(seeds[0].entry.get("seeds") or seeds)


def _first(run: _runs.Run) -> bool:
    return run.seed == str((run.entry.get("seeds") or [run.seed])[0])


def confusion(run: _runs.Run) -> list[dict[str, str]]:
    """Label and answer for each test text; [] for what is no classifier."""
    if _first(run):
        return _results.table(run.evaluated / "confusion.csv")
    file = run.evaluated / "predictions.parquet"
    if run.bundle["problem"] != "classify" or not file.is_file():
        return []
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    rows = pq.read_table(file)
    if not {"label", "predicted"} <= set(rows.column_names):
        return []
    rows = rows.filter(pc.equal(rows["seed"], int(run.seed)))
    pairs = zip(rows["label"].to_pylist(), rows["predicted"].to_pylist(), strict=True)
    return [{"actual": str(actual), "predicted": str(predicted)} for actual, predicted in pairs]


def _samples(file: Path, seeds: set[int]) -> str:
    """Generated texts, to be read by people."""
    samples = _results.load(file) if file.is_file() else []
    written = [
        f"[seed {one.get('seed', 1)}, temperature {one['temperature']}] {one['prompt']}▸{one['text']}"
        for one in samples
        if one.get("seed", 1) in seeds
    ]
    return "\n\n".join(written) + "\n" if written else ""
