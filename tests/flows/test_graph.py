"""DVC's graph as this room sees it: order, edges, what is stale, what becomes of a stage."""

import logging
import os
import shutil
from pathlib import Path

import pytest

from flows.commands import Stop, Stopped
from flows.graph import Pipeline
from flows.stages import Outcome


@pytest.fixture(autouse=True)
def _there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def outcomes(pipeline: Pipeline, force: bool = False) -> list[str]:
    return [pipeline.run(node.name, lambda _: None, force=force).outcome.value for node in pipeline.nodes]


def test_nodes_are_in_an_order_that_runs_and_know_what_they_need(project: Path) -> None:
    with Pipeline() as pipeline:
        nodes = {node.name: node for node in pipeline.nodes}
    assert set(nodes) == {"prep", "train@a", "train@b", "join"}
    assert nodes["join"].needs == ("train@a", "train@b")
    assert nodes["train@a"].needs == ("prep",)
    assert nodes["train@b"].kind == "train"
    names = list(nodes)
    assert all(names.index(need) < names.index(name) for name in names for need in nodes[name].needs)


def test_a_target_brings_only_what_it_needs(project: Path) -> None:
    with Pipeline(["train@b"]) as pipeline:
        assert [node.name for node in pipeline.nodes] == ["prep", "train@b"]


def test_ran_then_cached_then_restored(project: Path) -> None:
    with Pipeline() as pipeline:
        assert pipeline.stale() == {"prep", "train@a", "train@b", "join"}
        assert outcomes(pipeline) == ["ran"] * 4
        assert pipeline.stale() == set()
        assert outcomes(pipeline) == ["cached"] * 4
    (project / "params.yaml").write_text("level: 2\n")
    with Pipeline() as pipeline:
        assert len(pipeline.stale()) == 4  # as far as can be known beforehand
        assert outcomes(pipeline) == ["ran", "cached", "cached", "cached"]  # prep.txt came out as it was
    (project / "params.yaml").write_text("level: 1\n")
    (project / "all.txt").unlink()
    with Pipeline() as pipeline:
        assert outcomes(pipeline) == ["restored", "cached", "cached", "restored"]
        assert outcomes(pipeline, force=True) == ["ran"] * 4


def test_a_failure_is_a_result_with_its_last_words(project: Path) -> None:
    (project / "fail.a").touch()
    seen: list[str] = []
    with Pipeline() as pipeline:
        pipeline.run("prep", seen.append)
        result = pipeline.run("train@a", seen.append)
    assert result.outcome is Outcome.FAILED
    assert not result.good
    assert result.tail == ("epoch 1/1 of a", "no such thing as a")
    assert result.reason.endswith("exited with 3")
    assert seen == ["prepared", *result.tail]
    assert (project / ".malmoi/logs/train@a.log").read_text() == "epoch 1/1 of a\nno such thing as a\n"


def log_of(project: Path, name: str) -> str:
    return (project / f".malmoi/logs/{name}.log").read_text()


def test_a_log_stays_until_its_stage_runs_again(project: Path) -> None:
    """Not when another stage is due, nor when the stage is restored from the cache; one that says nothing has an empty log."""
    with Pipeline() as pipeline:
        outcomes(pipeline)
    assert (log_of(project, "prep"), log_of(project, "train@a")) == ("prepared\n", "epoch 1/1 of a\n")
    (project / ".malmoi/logs/train@a.log").write_text("of the run that made it\n")
    shutil.rmtree(project / "models/a")
    (project / "all.txt").unlink()
    with Pipeline() as pipeline:
        assert outcomes(pipeline) == ["cached", "restored", "cached", "restored"]
    assert (log_of(project, "prep"), log_of(project, "train@a")) == ("prepared\n", "of the run that made it\n")
    (project / "params.yaml").write_text("level: 3\n")
    (project / "dvc.yaml").write_text((project / "dvc.yaml").read_text().replace("echo prepared", "true"))
    with Pipeline() as pipeline:
        assert outcomes(pipeline)[0] == "ran"
    assert log_of(project, "prep") == ""


def test_a_stage_that_fails_before_its_command_starts_has_no_log_of_an_earlier_run(project: Path) -> None:
    with Pipeline() as pipeline:
        outcomes(pipeline)
    (project / "train.sh").unlink()
    with Pipeline() as pipeline:
        pipeline.run("prep", print)
        assert pipeline.run("train@a", print).outcome is Outcome.FAILED
    assert log_of(project, "train@a") == ""


def test_an_output_that_was_not_made_is_a_failure(project: Path) -> None:
    (project / "train.sh").write_text("true\n")
    with Pipeline(["train@a"]) as pipeline:
        pipeline.run("prep", print)
        assert "models/a" in pipeline.run("train@a", print).reason


def test_nothing_starts_after_a_stop(project: Path) -> None:
    stop = Stop()
    stop.ask()
    with Pipeline(stop=stop) as pipeline, pytest.raises(Stopped):
        pipeline.run("prep", print)
    assert not (project / "prep.txt").exists()


def test_dvc_is_as_before_afterwards(project: Path) -> None:
    from dvc.stage import run as runner

    logger = logging.getLogger("dvc")
    before = runner.cmd_run, logger.level, logger.propagate, list(logger.handlers)
    with Pipeline():
        assert runner.cmd_run is not before[0]
    assert (runner.cmd_run, logger.level, logger.propagate, list(logger.handlers)) == before


def test_a_second_one_in_the_same_workspace_is_refused_until_the_first_is_done(project: Path) -> None:
    from dvc.lock import LockError

    with Pipeline(), pytest.raises(LockError, match=f"another run works in this folder .process {os.getpid()} on "):
        Pipeline().__enter__()
    with Pipeline() as pipeline:
        assert len(pipeline.nodes) == 4


def test_the_lock_is_written_in_groups_and_by_the_end_however_it_ends(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = project / "dvc.lock"

    def run_and_fail() -> None:
        with Pipeline() as pipeline:
            pipeline.run("prep", print)
            assert not lock.exists()
            monkeypatch.setattr("flows.keeping.LAG", 0.0)
            pipeline.run("train@a", print)
            assert "train@a" in lock.read_text()
            monkeypatch.setattr("flows.keeping.LAG", 60.0)
            pipeline.run("train@b", print)
            assert "train@b" not in lock.read_text()
            raise RuntimeError("the end")

    with pytest.raises(RuntimeError, match="the end"):
        run_and_fail()
    assert "train@b" in lock.read_text()


def test_a_changed_data_source_is_taken_in_as_dvc_repro_does(project: Path) -> None:
    from dvc.repo import Repo

    with Repo() as repo:
        repo.add("source.txt")
    with Pipeline() as pipeline:
        assert [node.needs for node in pipeline.nodes if node.name == "prep"] == [("source.txt.dvc",)]
        assert outcomes(pipeline) == ["cached", "ran", "ran", "ran", "ran"]
    before = (project / "source.txt.dvc").read_text()
    (project / "source.txt").unlink()
    (project / "source.txt").write_text("other\n")
    with Pipeline() as pipeline:
        assert outcomes(pipeline) == ["ran"] * 5
    assert (project / "source.txt.dvc").read_text() != before
    with Repo() as repo:
        assert dict(repo.status()) == {}
