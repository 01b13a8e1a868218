"""Drift between what a git revision pins and what is there now, in a small project. One story: each test goes on from the last."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from profiled import Row, reviews

from flows import drift, profiles
from malmoi.config import ConfigError

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = """\
vars: [params/experiments/reviews.yaml]
stages:
  ingest:
    foreach: ${ingest}
    do:
      cmd: python -m tasks ingest ${key} --data data/${key} --out out/ingest/${key} --profile out/profile/${key}
      deps:
        - data/${key}
      params:
        - params/contract.yaml: [corpora, defaults.version]
      outs:
        - out/ingest/${key}
        - out/profile/${key}
"""
CORPORA = """\
corpora:
  reviews:
    title: Reviews
    language: ko
    problem: classify
    licence: mine
    source: {local: [reviews.tsv]}
    reader: {kind: delimited, options: {delimiter: "\\t", text: text, label: label}}
    split: {by: random, valid: 0.1, test: 0.1, seed: 1}
"""


class Project:
    """A folder with git, DVC, and one corpus."""

    def __init__(self, root: Path) -> None:
        self.root = root
        limits = (ROOT / "params/contract.yaml").read_text(encoding="utf-8").partition("\ncorpora:")[0]
        texts = {"dvc.yaml": PIPELINE, "params/corpora.yaml": CORPORA, "params/contract.yaml": f"{limits}\ncorpora: {{}}\n"}
        for name, text in texts.items() | {"params/experiments/reviews.yaml": "ingest: {reviews: {}}\n"}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        self.write(reviews(400))
        self.run("git", "init", "-q")
        self.run("dvc", "init", "-q")
        self.commit("no data yet")

    def run(self, *command: str) -> None:
        """Run a command; it must end well."""
        names = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")
        added = dict.fromkeys(names, "someone@example.invalid") | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}
        added["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            command, cwd=self.root, env=os.environ | added, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == 0, done.stdout

    def write(self, rows: dict[str, list[Row]]) -> None:
        """The corpus's raw file."""
        (self.root / "data/reviews").mkdir(parents=True, exist_ok=True)
        lines = ["text\tlabel", *(f"{text}\t{label}" for part in rows.values() for text, label in part)]
        (self.root / "data/reviews/reviews.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("drift"))


@pytest.fixture(autouse=True)
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")


def test_before_ingest_has_run_it_cannot_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="out/profile/reviews: no profile there; `ingest` writes it"):
        drift.check()
    assert drift.main([]) == 2
    assert "error: " in capsys.readouterr().err


def test_a_first_version_has_nothing_to_be_compared_with(project: Project) -> None:
    project.run("dvc", "repro", "-q")
    (verdict,) = drift.check()
    assert (verdict.corpus, verdict.broken) == ("reviews", False)
    assert verdict.lines == ["reviews: HEAD has no profile of it, so there is nothing to compare with"]
    assert profiles.before("reviews") is None
    project.commit("first version")


def test_what_is_committed_has_not_moved(capsys: pytest.CaptureFixture[str]) -> None:
    found = profiles.before("reviews")
    assert found is not None
    assert found["rows"]["kept"] == 400
    assert profiles.before("reviews", "HEAD~1") is None
    assert drift.main(["--rev", "HEAD"]) == 0
    assert capsys.readouterr().out.startswith("reviews: within its limits\n")


def test_data_that_changed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write({split: [(f"{text} OMG OMG OMG", label) for text, label in rows] for split, rows in reviews(400).items()})
    project.run("dvc", "repro", "-q")
    (verdict,) = drift.check(["reviews"])
    assert verdict.broken
    assert "'OMG'" in "\n".join(verdict.lines)
    assert drift.main(["reviews"]) == 1
    assert "measures over their limits" in capsys.readouterr().out


def test_a_revision_that_is_none() -> None:
    with pytest.raises(ConfigError, match="'nowhere' is no revision of a project in "):
        drift.check(rev="nowhere")


def test_a_folder_that_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"'HEAD' is no revision of a project in .* not a git repository"):
        profiles.before("reviews")


def test_a_name_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"no corpus is called 'review'; did you mean 'reviews'\?"):
        drift.check(["review"])


def test_what_is_pinned_but_lost_is_not_taken_for_unchanged(project: Project) -> None:
    shutil.rmtree(project.root / ".dvc/cache")
    with pytest.raises(ConfigError, match="HEAD pins out/profile/reviews, but neither DVC's cache nor its remote has it"):
        drift.check()
