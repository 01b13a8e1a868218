"""Where the runs of experiments are in MLflow's pages: for whoever shows a pipeline and wants to lead there."""

from pathlib import Path

from tasks import _failures, _runs, _tracking


def links(out: Path) -> dict[str, str]:
    """Address of each recorded run under `out`, by its name ("bills-gru seed 1"). Empty where MLflow has no pages (a database without a
    server) or does not answer."""
    uri = _tracking.address().rstrip("/")
    if not uri.startswith("http"):
        return {}
    try:
        store = _tracking.store()
    except _failures.UnreachableError:
        return {}
    found = {}
    for run in _runs.read(out):
        place = store.client.get_experiment_by_name(_runs.group(run.bundle["problem"], run.bundle["corpus"]))
        tracked = _tracking.alike(store, place.experiment_id, _runs.tags(run)) if place else []
        for one in tracked[:1]:
            found[_runs.title(run.name, run.seed)] = f"{uri}/#/experiments/{one.info.experiment_id}/runs/{one.info.run_id}"
    return found
