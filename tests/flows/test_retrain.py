"""The nightly flow on a person's own corpora: it goes through, and stops before training when the data is no longer what it was."""

from pathlib import Path
from typing import Any

import pytest
from own_project import CLOSED, OwnProject
from prefect_server import Server

pytestmark = [pytest.mark.server, pytest.mark.long]


@pytest.fixture(scope="module")
def project(server: Server, tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    """Fetched, but nothing made yet."""
    found = OwnProject(tmp_path_factory.mktemp("own"))
    found.environment |= {name: value for name, value in server.environment.items() if name.startswith("PREFECT_")}
    entries = found.root / "params/experiments/reviews.yaml"
    entries.write_text(entries.read_text(encoding="utf-8").partition("  reviews-gru:")[0], encoding="utf-8")  # the linear one is enough
    found.run("python", "-m", "tasks", "fetch", "reviews", "notes")
    found.commit("before the first night")
    return found


@pytest.fixture(scope="module")
def first(project: OwnProject, server: Server) -> dict[str, Any]:
    """The first night."""
    said = project.run("python", "-m", "flows.retrain", "--commit")
    flow = server.ask("flow_runs", sort="START_TIME_DESC", limit=1, flows={"name": {"any_": ["retrain"]}})[0]
    return {
        "said": said,
        "tasks": server.tasks(flow),
        "artifacts": server.artifacts(flow),
        "fresh": project.run("python", "-m", "flows.freshness"),
    }


def test_everything_is_made_recorded_and_committed(project: OwnProject, first: dict[str, Any]) -> None:
    states = {name: task["state_name"] for name, task in first["tasks"].items()}
    assert {states[name] for name in ("fetch data", "record in MLflow", "commit", "train@reviews-linear", "promote", "report")} == {
        "Completed"
    }
    assert "champion classify-reviews version 1" in first["said"]
    assert project.run("git", "log", "-1", "--format=%s").strip() == "Retrain: results of today's data"
    assert not project.run("git", "status", "--porcelain")
    assert "by: first" in project.run("git", "show", "HEAD:champions/history.yaml")
    assert "nothing to compare with" in first["artifacts"]["drift"]["data"]


def test_afterwards_the_champions_are_fresh(first: dict[str, Any]) -> None:
    assert "the champions were decided on today's data and code" in first["fresh"]


def test_with_push_it_goes_on_from_what_others_have_pushed(project: OwnProject, first: dict[str, Any]) -> None:
    everybodys, others = str(project.root.parent / "everybody's.git"), str(project.root.parent / "others")
    project.run("git", "clone", "--quiet", "--bare", ".", everybodys)
    project.run("git", "remote", "add", "origin", everybodys)
    project.run("git", "push", "--quiet", "--set-upstream", "origin", "HEAD")
    project.run("git", "clone", "--quiet", everybodys, others)
    project.run("git", "-C", others, "commit", "--quiet", "--allow-empty", "--message", "by somebody else")
    project.run("git", "-C", others, "push", "--quiet")
    said = project.run("python", "-m", "flows.retrain", "--commit", "--push")
    assert "commit pushed" in said
    assert project.run("git", "log", "-1", "--format=%s").strip() == "by somebody else"
    assert not project.run("git", "status", "--porcelain", "dvc.lock", "data.dvc")


def test_a_night_without_mlflow_is_tried_again_keeps_its_results_and_has_failed(
    project: OwnProject, server: Server, first: dict[str, Any]
) -> None:
    params = project.root / "params/experiments/reviews.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("C: 0.5", "C: 0.25"), encoding="utf-8")
    project.commit("another night")
    said = project.run("python", "-m", "flows.retrain", "--commit", "--patience", "1", tracking=CLOSED, status=1)
    assert "but not all is in MLflow" in said
    assert "committed" in said
    assert not project.run("git", "status", "--porcelain", "dvc.lock", "champions")
    flow = server.ask("flow_runs", sort="START_TIME_DESC", limit=1, flows={"name": {"any_": ["retrain"]}})[0]
    assert (flow["state_type"], flow["state_name"]) == ("FAILED", "NotRecorded")
    assert server.tasks(flow)["record in MLflow"]["run_count"] == 2
    assert "new" in project.run("python", "-m", "tasks", "record", "--strict")  # nothing was lost


def test_data_that_has_drifted_stops_it_before_training(project: OwnProject, server: Server, first: dict[str, Any]) -> None:
    before = project.locked()
    given = project.root / "given/reviews.csv"
    rows = given.read_bytes().decode("cp949").splitlines()
    angry = [f"배송이 {number}일이나 늦어서 화가 났어요,{1 if number % 5 else 5}" for number in range(len(rows))]
    given.write_bytes("\r\n".join([rows[0], *angry]).encode("cp949"))
    stale = project.run("python", "-m", "flows.retrain", "--commit", status=1)
    assert "so nothing was trained" in stale
    assert "배송이" in stale
    flow = server.ask("flow_runs", sort="START_TIME_DESC", limit=1, flows={"name": {"any_": ["retrain"]}})[0]
    assert flow["state_type"] == "FAILED"
    assert not [name for name in server.tasks(flow) if name.startswith(("tokens@", "features@", "train@"))]
    assert {name: stage for name, stage in project.locked().items() if name.startswith("train@")} == {
        name: stage for name, stage in before.items() if name.startswith("train@")
    }
    asked = project.run("python", "-m", "flows.freshness", status=1)
    assert "data or code has changed since the champions were decided" in asked
    assert Path(project.root / "out/promote/decisions.json").is_file()
