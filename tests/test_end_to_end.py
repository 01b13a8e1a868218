"""A person's own corpora from files to report, through the public commands: what runs when, what a kill or a dead server does.

The fixtures are one story told once: each goes on in the project where the one before has left it, and gives what it saw.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from own_project import CLOSED, OwnProject, ran

pytestmark = pytest.mark.long

HEAD = {"data.dvc", "ingest@reviews", "ingest@notes", "tokens@reviews-characters", "tokens@notes-characters"}
HEAD |= {"features@reviews-counts", "features@reviews-ids", "features@notes-ids"}
EXPERIMENTS = {"reviews-linear", "reviews-gru", "notes-ngram"}
TAIL = {"compare", "promote", "report"}
SWITCHED = TAIL | {"rates"}  # what reads which entries there are
FILE = "params/experiments/reviews.yaml"


def both(*names: str) -> set[str]:
    """The two stages of each experiment."""
    return {f"{stage}@{name}" for name in names for stage in ("train", "evaluate")}


def load(project: OwnProject, name: str) -> Any:
    return json.loads((project.root / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    """A clone with its corpora fetched."""
    if subprocess.run(["git", "rev-parse"], cwd=Path(__file__).parent, capture_output=True, check=False).returncode:
        pytest.skip("not a git checkout")
    project = OwnProject(tmp_path_factory.mktemp("own"))
    project.run("python", "-m", "tasks", "fetch", "reviews", "notes")
    return project


@pytest.fixture(scope="module")
def killed(project: OwnProject) -> str:
    """What the first run said, without a tracking server, until the network's training was killed."""
    return project.killed("reviews-gru", after="epoch 3/", last="does not answer", tracking=CLOSED)


@pytest.fixture(scope="module")
def finished(project: OwnProject, killed: str) -> dict[str, Any]:
    """The next run, still without a server."""
    said = project.run("dvc", "repro", tracking=CLOSED)
    status = project.run("dvc", "status")
    unchanged = project.run("python", "-m", "flows.local")
    return {"said": said, "ran": ran(said), "status": status, "unchanged": unchanged, "locked": project.locked()}


@pytest.fixture(scope="module")
def recorded(project: OwnProject, finished: dict[str, Any]) -> dict[str, Any]:
    """What is in MLflow once `record` has run with a store that works."""
    from mlflow import MlflowClient

    project.run("python", "-m", "tasks", "record")
    client = MlflowClient(project.store, project.store)
    runs = client.search_runs([place.experiment_id for place in client.search_experiments()])
    models = client.search_registered_models()
    return {
        "runs": {run.data.tags["mlflow.runName"]: run.info.status for run in runs},
        "champions": {model.name: str(client.get_model_version_by_alias(model.name, "champion").version) for model in models},
    }


@pytest.fixture(scope="module")
def tried(project: OwnProject, finished: dict[str, Any]) -> dict[str, Any]:
    """One number of one experiment's entry is another."""
    project.commit("results")
    said = project.run("dvc", "exp", "run", "--name", "looser", "-S", f"{FILE}:experiments.reviews-linear.model.C=20.0")
    return {"said": said, "difference": json.loads(project.run("dvc", "params", "diff", "--json"))}


@pytest.fixture(scope="module")
def edited_model(project: OwnProject, tried: dict[str, Any]) -> set[str]:
    """One model file has a comment more."""
    with open(project.root / "malmoi/models/ngram.py", "a", encoding="utf-8") as file:
        file.write("# a comment\n")
    return ran(project.run("python", "-m", "flows.local"))


@pytest.fixture(scope="module")
def undisturbed(project: OwnProject, edited_model: set[str]) -> Any:
    """dvc.lock's entry of the killed stage after it was run again from nothing, in one go."""
    project.run("dvc", "repro", "--force", "--single-item", "train@reviews-gru")
    return project.locked()["train@reviews-gru"]


@pytest.fixture(scope="module")
def removed(project: OwnProject, undisturbed: Any) -> str:
    """What a run says when an experiment's entry is gone from its params file. Only the last test may ask for this."""
    text = (project.root / FILE).read_text(encoding="utf-8")
    (project.root / FILE).write_text(re.sub(r"^  reviews-gru:\n(?:    .*\n)+", "", text, flags=re.MULTILINE), encoding="utf-8")
    return project.run("dvc", "repro")


@pytest.fixture(scope="module")
def disabled(project: OwnProject, removed: str) -> str:
    """What the next run says when a corpus is switched off."""
    project.run("python", "-m", "tasks", "disable", "notes")
    return project.run("dvc", "repro")


def test_a_killed_stage_is_a_clear_failure(killed: str) -> None:
    assert "failed to reproduce 'train@reviews-gru'" in killed
    assert "exited with -9" in killed or "exited with 137" in killed  # with a shell in between
    assert "epoch 40/40" not in killed


def test_the_next_run_does_what_is_left_and_nothing_twice(killed: str, finished: dict[str, Any]) -> None:
    before = ran(killed) - {"train@reviews-gru"}
    assert before | {"data.dvc"} >= HEAD
    assert finished["ran"] == (both(*EXPERIMENTS) | SWITCHED) - before
    assert finished["status"].strip() == "Data and pipelines are up to date."


def test_what_was_killed_is_afterwards_as_if_it_had_not_been(finished: dict[str, Any], undisturbed: Any) -> None:
    before = finished["locked"]["train@reviews-gru"]
    measured = {"out/cost/train/reviews-gru.json"}  # seconds are never the same twice
    assert {out["path"] for out in before["outs"]} == {"out/train/reviews-gru"} | measured
    first, again = ({**entry, "outs": [out for out in entry["outs"] if out["path"] not in measured]} for entry in (before, undisturbed))
    assert first == again


def test_nothing_is_computed_twice(finished: dict[str, Any]) -> None:
    assert ran(finished["unchanged"]) == set()
    assert "18 stages: 18 unchanged" in finished["unchanged"]


def test_files_as_korean_excel_writes_them_are_read(project: OwnProject, finished: dict[str, Any]) -> None:
    card = load(project, "out/ingest/reviews/card.json")
    assert (card["rows"]["read"], card["rows"]["kept"]) == (67, 66)  # 8 things x 4 words x 2 classes, and the three odd ones
    assert {reason: drop["count"] for reason, drop in card["drops"].items()} == {"no label": 1}
    assert set(card["splits"]["train"]["labels"]) == {"만족", "불만"}
    assert load(project, "out/ingest/notes/card.json")["rows"]["kept"] == 60  # 6 nouns x 5 adjectives x 2 languages


def test_the_report_is_one_page_with_hangul(project: OwnProject, finished: dict[str, Any]) -> None:
    page = (project.root / "out/report/index.html").read_text(encoding="utf-8")
    assert "우리 가게의 상품평" in page
    assert "바다는" in page  # the prompt of a generated text
    assert all(name in page for name in EXPERIMENTS)


def test_champions_are_named(project: OwnProject, finished: dict[str, Any]) -> None:
    decisions = load(project, "out/promote/decisions.json")
    assert set(decisions) == {"classify-reviews", "language-model-notes"}
    assert decisions["classify-reviews"]["champion"] in EXPERIMENTS
    assert (project.root / decisions["language-model-notes"]["bundle"] / "bundle.json").is_file()


def test_without_a_tracking_server_training_goes_on_and_says_so(killed: str, finished: dict[str, Any]) -> None:
    warning = next(line for line in killed.splitlines() if line.startswith("warning: "))
    assert f"MLflow at {CLOSED} does not answer" in warning
    assert "tasks record" in warning
    assert "Traceback" not in killed + finished["said"]


def test_record_fills_in_what_the_server_missed(recorded: dict[str, Any]) -> None:
    seeds = {"reviews-linear": 2, "reviews-gru": 1, "notes-ngram": 1}
    assert {name: sum(run.startswith(f"{name} · seed") for run in recorded["runs"]) for name in seeds} == seeds
    assert seeds.keys() < recorded["runs"].keys()  # the runs above them
    assert set(recorded["runs"].values()) == {"FINISHED"}
    assert recorded["champions"] == {"classify-reviews": "1", "language-model-notes": "1"}


def test_an_edited_experiment_runs_again_and_no_other(tried: dict[str, Any]) -> None:
    assert ran(tried["said"]) == both("reviews-linear") | SWITCHED
    assert "Ran experiment(s): looser" in tried["said"]
    changed = tried["difference"][FILE]["experiments.reviews-linear.model.C"]
    assert (changed["old"], changed["new"]) == (0.5, 20.0)
    assert len(tried["difference"][FILE]) == 1


def test_an_edited_model_file_runs_its_family_again_and_no_other(edited_model: set[str]) -> None:
    assert edited_model == both("notes-ngram") | TAIL


def test_the_graph_is_drawn(project: OwnProject) -> None:
    drawn = project.run("dvc", "dag", "--mermaid")
    assert drawn.startswith("flowchart TD")
    assert all(f'"{stage}"' in drawn for stage in both(*EXPERIMENTS) | TAIL)


def test_metrics_are_shown(project: OwnProject, finished: dict[str, Any]) -> None:
    shown = project.run("dvc", "metrics", "show", "--json")
    files = json.loads(shown)[""]["data"]
    scores = {Path(name).stem: content["data"] for name, content in files.items()}
    assert set(scores) == EXPERIMENTS
    assert 0.5 < scores["reviews-gru"]["accuracy"] <= 1
    assert scores["notes-ngram"]["bits_per_character"] > 0


def test_plots_are_shown(project: OwnProject, finished: dict[str, Any]) -> None:
    shown = json.loads(project.run("dvc", "plots", "show", "--json"))
    assert shown.get("errors", []) == []
    drawn = json.dumps(shown["data"], ensure_ascii=False)
    assert "out/compare/curves" in drawn
    assert "만족" in drawn  # a class of a confusion matrix


def test_what_is_removed_or_switched_off_leaves_the_leaderboard(project: OwnProject, removed: str, disabled: str) -> None:
    assert ran(removed) == SWITCHED
    assert "left out, not in dvc.yaml: reviews-gru" in removed
    assert ran(disabled) == SWITCHED
    assert "left out, not in dvc.yaml: notes-ngram, reviews-gru" in disabled
    assert (project.root / "out/evaluate/reviews-gru/metrics.json").is_file()
    boards = load(project, "out/compare/leaderboard.json")
    assert {board: [row["experiment"] for row in rows] for board, rows in boards.items()} == {"classify/reviews": ["reviews-linear"]}
    decisions = load(project, "out/promote/decisions.json")
    assert {name: decision["champion"] for name, decision in decisions.items()} == {"classify-reviews": "reviews-linear"}
    page = (project.root / "out/report/index.html").read_text(encoding="utf-8")
    assert "reviews-linear" in page
    assert "reviews-gru" not in page
    assert "notes-ngram" not in page
