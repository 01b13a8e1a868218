"""What an MLflow experiment's page says of itself, and views of its run table that show first what matters.

MLflow's own table begins with dataset, source and models, and shows no score. Views are kept as tags of the MLflow experiment, as its pages
keep those that a person saves: they are in the menu "Views", and the page's description leads to them.
"""

import json
from collections.abc import Mapping

from malmoi.scores import RUNS, beside, score
from tasks import _runs

PLACE = "{experiment_id}"  # in a tag, stands for the id of the MLflow experiment, which is known only when it is there
TASKS = {"classify": "Which class does a text belong to?", "language_model": "What comes next in a text?"}
PARAMS = ("model.family", "features", "tokenizer.name", "feature.kind")
ASKED = {"classify": ["behaviour_passed"]}  # what is shown beside scores
LINE = {  # as MLflow's pages have it when a person adds one
    "lineSmoothness": 0,
    "scaleType": "linear",
    "xAxisScaleType": "linear",
    "xAxisKey": "step",
    "selectedXAxisMetricKey": "",
    "yAxisKey": "metric",
    "yAxisExpressions": [],
    "range": {},
    "ignoreOutliers": False,
    "useGlobalXaxisKey": True,
    "useGlobalLineSmoothing": True,
}
LETTER, MARGIN = 8, 40  # pixels of a column's title: each letter, and what is beside it


def page(run: _runs.Run) -> dict[str, str]:
    """Tags of the MLflow experiment that a run stands in."""
    problem, primary = str(run.bundle["problem"]), str(run.evaluation.get("primary", ""))
    if not primary:
        return {"mlflow.note.content": _about(run, "")}
    better = score(primary).better
    by = f"Compare by `test_{primary}` ({better} is better); the first champion is chosen on `valid_{primary}`, later ones by paired tests."
    others = [f"test_{one.name}" for one in beside(problem, RUNS, primary)] + ASKED.get(problem, [])
    edges = [f"test_{primary}_{part}" for part in ("spread", "low", "high")]
    scores = {
        "experiments": [f"test_{primary}", *edges, f"valid_{primary}", *others],
        "seeds": [f"test_{primary}", f"valid_{primary}", *others],
    }
    order = {"orderByKey": f"metrics.`test_{primary}`", "orderByAsc": better == "lower"}
    return {
        "mlflow.note.content": _about(run, by),
        **_view("experiments", "Experiments: means of their seeds", scores["experiments"], order | _only("=")),
        **_view("seeds", "Seeds: every trained model", ["seed", *scores["seeds"]], order | _only("!=")),
    }


def _about(run: _runs.Run, by: str) -> str:
    """The first line is all that is seen until somebody opens the rest, and its first words all that the list of experiments shows."""
    links = [f"[{name}](#/experiments/{PLACE}/runs?viewStateShareKey=malmoi-{name})" for name in ("experiments", "seeds")]
    show = f" Show: {' · '.join(links)}." if by else ""
    language = _runs.LANGUAGES.get(str(run.bundle.get("language")), "")
    return (
        f"{TASKS.get(str(run.bundle['problem']), '')} {language} corpus {run.bundle['corpus']}.{show}\n\n"
        f"A run is one experiment of `params/` and has the mean of its seeds, which stand below it. {by}\n\n"
        "This page can be rebuilt from `out/` at any time: `python -m tasks record`."
    )


def _only(sign: str) -> dict[str, str]:
    """Runs of experiments ("=") or of seeds ("!=")."""
    return {"searchFilter": f"tags.`malmoi.seed` {sign} '{_runs.ALL}'"}


def _view(key: str, name: str, columns: list[str], more: Mapping[str, object]) -> dict[str, str]:
    """A saved view: columns in their order (scores; a param where it is called "seed"), wide enough for their titles."""
    chosen = [f"params.`{one}`" if one == "seed" else f"metrics.`{one}`" for one in columns]
    chosen += ["metrics.`train_seconds`", "metrics.`model_parameters`", *(f"params.`{one}`" for one in PARAMS), "attributes.`Dataset`"]
    widths = {one: MARGIN + LETTER * len(one.split("`")[1]) for one in chosen}
    state = {"selectedColumns": chosen, "columnOrder": chosen, "columnWidths": widths, "runsHiddenMode": "FIRST_20_RUNS", **more}
    state |= _charts([one for one in columns if one != "seed" and not one.endswith(("_spread", "_low", "_high"))])
    envelope = {"name": name, "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
    return {f"mlflow.sharedViewState.malmoi-{key}": json.dumps(envelope)}


def _charts(scores: list[str]) -> dict[str, object]:
    """The chart page: scores as bars, losses over epochs, what the machine did; all other metrics in a section that is closed. Sections
    that have MLflow's own names take up what is not named here."""
    names = {"score": "Scores", "learning": "Learning, by epoch", "rest": "Model metrics", "machine": "System metrics"}
    sections = [
        {"uuid": key, "name": name, "display": key != "rest", "isReordered": True, "deleted": False, "isGenerated": False}
        for key, name in names.items()
    ]
    bars = [_chart("BAR", "score", name) for name in scores]
    lines = [_chart("LINE", "learning", name) | LINE for name in ("valid_loss", "train_loss", "epoch_seconds")]
    return {"compareRunCharts": bars + lines, "compareRunSections": sections, "isAccordionReordered": True}


def _chart(kind: str, section: str, metric: str) -> dict[str, object]:
    about = {"metricKey": metric, "displayName": metric, "deleted": False, "isGenerated": False, "runsCountToCompare": 10}
    return {"uuid": f"malmoi-{metric}", "type": kind, "metricSectionId": section, **about}
