"""Verifying a registered Keras network from nothing but its lineage: trained anew it has the same bytes; where what no lineage names has
changed, verify says what came out instead."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_project import OwnProject

from malmoi.config import ConfigError
from tasks import _checkout, _claims, _hardware, _rebuilding, _tracking

pytestmark = pytest.mark.long

MODEL = "classify-reviews@champion"
REVIEWS = """\
ingest: {reviews: {}}
tokens:
  reviews-characters: {corpus: reviews, tokenizer: characters}
features:
  reviews-ids: {corpus: reviews, tokens: reviews-characters, kind: sequence}
experiments:
  reviews-gru:
    problem: classify
    corpus: reviews
    features: reviews-ids
    model: {family: recurrent, cell: gru, units: 8, embedding: 8}
    training: {epochs: 3, batch_size: 4, learning_rate: 0.03}
    seeds: [1, 2]  # what a model that draws random numbers needs to be promoted
"""
UNNAMED = '''

_as_it_is = load_split


def load_split(path: Path) -> Split:
    """With the labels exchanged where a file is there that no stage names."""
    split = _as_it_is(path)
    there = Path({file!r}).exists()
    return Split(split.inputs, 1 - split.labels, split.characters, split.bytes) if there else split
'''


@pytest.fixture(scope="module")
def unnamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that training looks at and that neither DVC nor git knows."""
    return tmp_path_factory.mktemp("elsewhere") / "unnamed"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, unnamed: Path) -> OwnProject:
    """A project whose champion, a network, is registered, everything committed."""
    made = OwnProject(tmp_path_factory.mktemp("network"))
    (made.root / "params/experiments/reviews.yaml").write_text(REVIEWS, encoding="utf-8")
    made.edit("dvc.yaml", "  - params/experiments/notes.yaml\n", "")
    (made.root / "params/experiments/notes.yaml").unlink()
    with open(made.root / "malmoi/batches.py", "a", encoding="utf-8") as code:
        code.write(UNNAMED.format(file=str(unnamed)))
    made.environment["MALMOI_TRACKING"] = "off"
    made.run("python", "-m", "tasks", "fetch", "reviews")
    made.run("dvc", "repro", "--quiet", "promote")
    made.commit("trained")
    made.run("python", "-m", "tasks", "record", "--strict")
    return made


@pytest.fixture
def changed(unnamed: Path) -> Iterator[None]:
    """The file that no lineage names is there, for a while."""
    unnamed.touch()
    yield
    unnamed.unlink()


def test_a_network_is_made_anew_byte_for_byte(project: OwnProject) -> None:
    said = project.run("python", "-m", "tasks", "verify", MODEL)
    assert re.search(r"^ +ok +training +\d+ files, byte for byte$", said, re.MULTILINE)
    assert "features@reviews-ids: made anew, byte for byte" in said
    assert said.splitlines()[-1] == "classify-reviews version 1 is what it says, and was made anew"


def test_a_network_that_comes_out_otherwise_is_not_what_it_says(
    project: OwnProject, changed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On other hardware, where other bytes are allowed, scores decide; on the same, bytes do."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", project.store)
    commit = project.run("git", "rev-parse", "HEAD").strip()
    with _claims.claim(_tracking.store(), MODEL) as claim, _checkout.checkout(project.root, commit) as clean:
        assert clean.bring("out/features/reviews-ids") == {"out/features/reviews-ids"}
        with monkeypatch.context() as patch:
            patch.setattr(_hardware, "name", lambda: "Another processor")
            with pytest.raises(ConfigError, match=r"retrained, test accuracy is 0\.\d+, outside of [01]\.\d+ to 1\.0000"):
                _rebuilding.training(claim, clean)
        monkeypatch.setattr(_rebuilding, "_again", lambda *_: None)  # it was trained a moment ago
        with pytest.raises(ConfigError, match=r"model/weights\.npz is not the same.*on the same hardware"):
            _rebuilding.training(claim, clean)
