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
from flows.steps import ask, do
from tasks import _graph
from tasks.runtime import output

GRAPH = Path("dvc.yaml")
STATE = ("dvc.lock", "data.dvc", "champions/history.yaml", "champions/bundles.dvc")  # what is committed
WAIT = 3 * 3600.0  # seconds that it waits for somebody's run in this folder


@flow(name="retrain", persist_result=False, on_failure=[failed], on_crashed=[failed])
def retrain(commit: bool = False, push: bool = False, revision: str = "HEAD", workers: str | None = None) -> State:
    """Bring everything up to date with today's data.

    commit: put dvc.lock, data.dvc and who is champion into git, so that the next drift is measured against this run. push: outputs to the
    DVC remote, and the commit to where this branch is pushed; with both, what others have pushed there is pulled first. revision: what
    drift is measured against. workers: of a Dask scheduler, for the stages.
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
    do("accept decisions", "-m", "tasks", "accept")
    do("promote again", "-m", "flows.local", "promote")  # the same decisions, now that they are accepted: nothing is left out of date
    do("record in MLflow", "-m", "tasks", "record")
    shared = _share(commit, push, remote)
    return Completed(message="; ".join([str(state.message), *shared]))


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
    options = parser.parse_args(given)
    state = retrain(options.commit, options.push, options.rev, options.workers, return_state=True)
    print(state.message)
    return 0 if state.is_completed() else 1


if __name__ == "__main__":
    sys.exit(output.run(main))
