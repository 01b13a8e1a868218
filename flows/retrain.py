"""The nightly flow: fetch data, check its contract and its drift, run the pipeline, let evidence choose the champion, record, and share.

`python -m flows.retrain` runs it once, now; `flows.serve` runs it on its schedule. What breaks a contract or a drift limit stops it before
anything is trained.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed, State

from flows import drift
from flows.how import How
from flows.notify import failed
from flows.pipeline import bring
from flows.steps import StepError, ask, do
from tasks import _graph
from tasks.runtime import output
from tasks.runtime.watchdog import guard

GRAPH = Path("dvc.yaml")
STATE = ("dvc.lock", "data.dvc", "champions/history.yaml", "champions/bundles.dvc")  # what is committed
WAIT = 3 * 3600.0  # seconds that it waits for somebody's run in this folder
PATIENCE = 3600.0  # seconds for which it goes on asking an MLflow that does not answer
DECISIONS = 3  # times that it decides, where champions/ changes in between


@flow(name="retrain", persist_result=False, on_failure=[failed], on_crashed=[failed])
def retrain(
    commit: bool = False, push: bool = False, revision: str = "HEAD", workers: str | None = None, patience: float = PATIENCE
) -> State:
    """Bring everything up to date with today's data.

    commit: put dvc.lock, data.dvc and who is champion into git, so that the next drift is measured against this run. push: outputs to the
    DVC remote, and the commit to where this branch is pushed; with both, what others have pushed there is pulled first. revision: what
    drift is measured against. workers: of a Dask scheduler, for the stages. patience: seconds for which an MLflow that does not answer is
    asked again; if it still does not, the results are kept, committed and pushed, and the run has failed, with the state NotRecorded.
    """
    if commit and push and ask("git", "remote"):
        do("pull commits", "git", "pull", "--quiet", "--ff-only")  # else what is committed here could not be pushed
    corpora, remote = sorted(_graph.entries(GRAPH, "ingest")), bool(ask(sys.executable, "-m", "dvc", "remote", "default"))
    do("fetch data", "-m", "tasks", "fetch", *corpora)
    how = How(pull=remote, workers=workers, wait=WAIT)
    for title, targets in (("the data", [f"ingest@{name}" for name in corpora]), ("the pipeline", [])):
        state = bring(targets, how)
        if not state.is_completed():
            return Failed(message=f"{title}: {state.message}")
        if targets and (lines := _drifted(corpora, revision)):
            return Failed(name="Drifted", message="the data has changed too much, so nothing was trained:\n" + "\n".join(lines))
    settled = _accept(how)
    if not settled.is_completed():
        return Failed(message=f"accepting decisions: {settled.message}")
    lost = _record(patience)
    said = "; ".join([str(state.message), *_share(commit, push, remote)])
    return Failed(name="NotRecorded", message=f"{said}; but not all is in MLflow: {lost}") if lost else Completed(message=said)


def _accept(how: How) -> State:
    """Accept what was promoted, and promote again: the same decisions, now that they are accepted, so that nothing is left out of date.

    Where somebody changes champions/ between deciding and accepting, as a rollback does, it is decided anew.
    """
    for _ in range(DECISIONS):
        try:
            do("accept decisions", "-m", "tasks", "accept")
        except StepError as error:
            state, refused = bring(["promote"], how), error
            if not state.is_completed():
                return state
            continue
        return bring(["promote"], how)
    return Failed(message=str(refused))


def _record(patience: float) -> str:
    """Record in MLflow; where it does not answer, again until `patience` seconds have gone by. Returns why not, "" where all is there."""
    try:
        do("record in MLflow", "-m", "tasks", "record", "--strict", pauses=_pauses(patience))
    except StepError as error:
        return str(error)
    return ""


def _pauses(patience: float) -> list[float]:
    """Seconds before each further attempt: twice as long each time, `patience` in all.

    >>> _pauses(600), _pauses(0)
    ([60.0, 120.0, 240.0, 180.0], [])
    """
    pauses = list[float]()
    while (left := patience - sum(pauses)) > 0:
        pauses.append(float(min(60 * 2 ** len(pauses), left)))
    return pauses


def _drifted(corpora: Sequence[str], revision: str) -> list[str]:
    """Compares the data with that of a git revision, writes the artifact "drift"; returns what is said of the corpora over a limit."""
    verdicts = drift.check(corpora, revision)
    lines = "\n".join(line for verdict in verdicts for line in [*verdict.lines, ""])
    create_markdown_artifact(f"````\n{lines}\n````", key="drift", description=f"Data against {revision}")
    return [line for verdict in verdicts if verdict.broken for line in verdict.lines]


def _share(commit: bool, push: bool, remote: bool) -> list[str]:
    """Commit and push as asked. Returns what was done, in words."""
    done = []
    files = [name for name in STATE if Path(name).is_file()]
    if commit and ask("git", "status", "--porcelain", "--", *files):
        ask("git", "add", "--", *files)
        do("commit", "git", "commit", "--quiet", "--message", "Retrain: results of today's data", "--", *files)
        done.append(f"committed {ask('git', 'rev-parse', '--short', 'HEAD')}")
    if push and remote:
        do("push outputs", "-m", "dvc", "push", "--run-cache")
        done.append("outputs pushed")
    if push and commit and ask("git", "remote"):
        do("push commit", "git", "push", "--quiet")
        done.append("commit pushed")
    return done


def main(given: Sequence[str] | None = None) -> int:
    """Run it once. Returns 1 where it fails."""
    parser = argparse.ArgumentParser("python -m flows.retrain", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", action="store_true", help="put dvc.lock, data.dvc and champions/ into git afterwards")
    parser.add_argument("--push", action="store_true", help="outputs to the DVC remote, the commit to git's")
    parser.add_argument("--rev", default="HEAD", help="git revision that drift is measured against (%(default)s)")
    parser.add_argument("--workers", metavar="URL", help="Dask scheduler whose workers take stages")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, metavar="SECONDS", help="for an MLflow that does not answer (%(default)s)"
    )
    options = parser.parse_args(given)
    with guard():
        state = retrain(options.commit, options.push, options.rev, options.workers, options.patience, return_state=True)
    print(state.message)
    return 0 if state.is_completed() else 1


if __name__ == "__main__":
    sys.exit(output.run(main))
