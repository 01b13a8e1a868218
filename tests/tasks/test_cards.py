"""`card`, and the card of a registered version: its description, a file with its run, and a file inside the model."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from malmoi.config import ConfigError
from malmoi.rows import Example, write_examples
from tasks import _aliases, _behaviour, _cards, _recording, _runs, _tracking, card

MakeOut = Callable[[Path], Path]
TEXTS = ["국회는 법률을 의결한다", "대통령은 국가를 대표한다", "법원은 재판을 한다", "아주 다른 글"]


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """An `out/` of one's own."""
    return Path(shutil.copytree(made, tmp_path / "out"))


@pytest.fixture(scope="module")
def made(make_out: MakeOut, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An `out/` in which the test texts and the answers to them are known: of bills-again, the last two are wrong."""
    out = make_out(tmp_path_factory.mktemp("carded"))
    for corpus in ("bills", "law"):
        write_examples(out / "ingest" / corpus / "test.parquet", [Example(f"t:{n}", text, "국회") for n, text in enumerate(TEXTS)])
    classified = {
        "seed": [1] * 4 + [2] * 4,
        "id": [f"t:{n}" for n in range(4)] * 2,
        "label": ["국회"] * 8,
        "predicted": ["국회", "국회", "법원", "대통령"] * 2,
        "probability": [0.9, 0.8, 0.6, 0.7, 0.5, 0.5, 0.99, 0.5],
        "correct": [True, True, False, False] * 2,
    }
    pq.write_table(pa.table(classified), out / "evaluate" / "bills-again" / "predictions.parquet")
    sizes = {name: [30, 30, 7] for name in ("tokens", "characters", "bytes")}
    bits = {"seed": [1] * 3, "id": ["t:0", "t:1", "t:3"], "bits": [60.0, 90.0, 900.0], **sizes}
    pq.write_table(pa.table(bits), out / "evaluate" / "law-ngram" / "predictions.parquet")
    for name in ("bills-again", "law-ngram"):
        file = out / "evaluate" / name / "metrics.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"tokenizer": "characters", "feature": "ids", "lossless": True}))
    return out


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_mistakes_are_of_the_seed_and_the_surest_first(out: Path) -> None:
    first, second = (run for run in _runs.read(out) if run.name == "bills-again")
    assert [(one["text"], one["predicted"], one["probability"]) for one in _cards.mistakes(first)] == [
        ("아주 다른 글", "대통령", 0.7),
        ("법원은 재판을 한다", "법원", 0.6),
    ]
    assert _cards.mistakes(second)[0]["text"] == "법원은 재판을 한다"


def test_a_language_model_is_surprised_by_texts_of_some_length(out: Path) -> None:
    [run] = [run for run in _runs.read(out) if run.name == "law-ngram"]
    assert [(one["text"], one["bits_per_character"]) for one in _cards.mistakes(run)] == [(TEXTS[1], 3.0), (TEXTS[0], 2.0)]


def test_mistakes_are_shown_in_both_languages(out: Path) -> None:
    texts = [f"국회는 법률 {n}호를 의결한다" for n in range(20)] + [f"An act of number {n}" for n in range(4)] + ["2026", "★"]
    write_examples(out / "ingest/bills/test.parquet", [Example(f"t:{n}", text, "국회") for n, text in enumerate(texts)])
    count = len(texts)
    answers = {"seed": [1] * count, "id": [f"t:{n}" for n in range(count)], "label": ["국회"] * count, "predicted": ["법원"] * count}
    answers |= {"probability": [1 - n / 100 for n in range(count)], "correct": [False] * count}
    pq.write_table(pa.table(answers), out / "evaluate" / "bills-again" / "predictions.parquet")
    run = next(run for run in _runs.read(out) if run.name == "bills-again")
    shown = [one["id"] for one in _cards.mistakes(run)]
    assert shown == [f"t:{n}" for n in (0, 1, 2, 3, 4, 5, 6, 20, 21, 22)]  # the worst ten, were it not for three in English
    write_examples(out / "ingest/bills/test.parquet", [Example(f"t:{n}", text, "국회") for n, text in enumerate(texts[:22])])
    assert [one["id"] for one in _cards.mistakes(run)] == [f"t:{n}" for n in range(10)]  # two are too few to ask for


def test_card_by_name_of_experiment_or_of_registered_model(out: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    card.run("classify-bills", out=out)
    by_model = printed(capsys)
    assert by_model.startswith("# classify-bills: bills-again, seed 1\n")
    assert "bills-again is best." in by_model
    assert "| 아주 다른 글 | 국회 | 대통령 | 0.70 |" in by_model
    card.run("bills-again", out=out)
    assert printed(capsys) == by_model
    card.run("bills-again", seed=2, out=out)
    other = printed(capsys)
    assert other.startswith("# bills-again, seed 2\n")
    assert "is best" not in other  # the decision was about seed 1
    card.run("law-ngram", out=out, file=tmp_path / "cards" / "law.md")
    assert "bits per character" in (tmp_path / "cards" / "law.md").read_text(encoding="utf-8")


def test_names_and_seeds_that_are_not_there(out: Path) -> None:
    with pytest.raises(ConfigError, match="is called 'bills-agian'; did you mean 'bills-again'"):
        card.run("bills-agian", out=out)
    with pytest.raises(ConfigError, match="bills-again has no seed 7; there are: 1, 2"):
        card.run("bills-again", seed=7, out=out)


def test_a_registered_version_carries_its_card(
    out: Path, empty_store: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_store(tmp_path))
    store = _tracking.store()
    _recording.record(store, out)
    _aliases.register(store, out)
    version = store.client.get_model_version_by_alias("classify-bills", "champion")
    assert version.description.startswith(
        "# classify-bills: bills-again, seed 1\n\nA model of the family *linear* on the Korean corpus *bills*"
    )
    assert len(version.description) <= 5000
    whole = Path(store.client.download_artifacts(version.run_id, _cards.FILE)).read_text(encoding="utf-8")
    assert "| 아주 다른 글 | 국회 | 대통령 | 0.70 |" in whole
    import mlflow

    inside = Path(mlflow.artifacts.download_artifacts(f"models:/classify-bills/{version.version}")) / "artifacts" / _cards.FILE
    assert inside.read_text(encoding="utf-8") == whole
    failed = {"kind": "invariance", "about": "spaces", "cases": 50, "rate": 0.5, "interval": [0.4, 0.6], "examples": []}
    behaviour = {"tests": {"spaces_removed": failed}, "kinds": {"invariance": 0.5}, "left_out": {}, "rate": 0.5}
    (out / "evaluate" / "bills-again" / "behaviour.json").write_text(json.dumps(behaviour), encoding="utf-8")
    _aliases.register(store, out)  # measured again: the same version, another card
    again = store.client.get_model_version_by_alias("classify-bills", "champion")
    assert again.version == version.version
    assert "Behavioural tests failed: invariance 50.0%." in again.description
    (out / "ingest" / "bills" / "card.json").unlink()
    _aliases.register(store, out)
    kept = store.client.get_model_version_by_alias("classify-bills", "champion")
    assert kept.description == again.description  # what was known of its data is not forgotten


class Answering:
    """A predictor that holds every text for the first class."""

    def __init__(self, labels: list[str]) -> None:
        self.labels, self.pipeline, self.about = labels, {"language": "ko"}, {"corpus": "bills"}

    def classify(self, texts: list[str]) -> np.ndarray:
        return np.tile(np.eye(len(self.labels))[0], (len(texts), 1))


def test_behaviour_is_asked_of_classifiers_and_written_the_same_each_time(out: Path, tmp_path: Path) -> None:
    settings = tmp_path / "behaviour.yaml"
    settings.write_text("{fewest: 3, sentiment: {bills: {positive: good, negative: bad}}}\n", encoding="utf-8")
    written = []
    for name in ("a.json", "b.json"):
        tests = _behaviour.Tests(settings, out / "ingest" / "bills")
        for seed in (1, 2):
            tests.ask(Answering(["good", "bad"]), seed)  # type: ignore[arg-type]
        tests.write(tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    found = json.loads(written[0])
    assert found["kinds"] == {"invariance": 0.0, "direction": 1.0, "minimum": 0.5}
    assert found["tests"]["spaces_removed"]["seeds"] == {"1": 0, "2": 0}


def test_behaviour_is_not_asked_of_language_models_or_without_settings(out: Path, tmp_path: Path) -> None:
    shipped = Path(__file__).resolve().parents[2] / "params/behaviour.yaml"
    for settings, labels in ((shipped, []), (None, ["good", "bad"])):
        tests = _behaviour.Tests(settings, out / "ingest" / "bills")
        tests.ask(Answering(labels), 1)  # type: ignore[arg-type]
        tests.write(tmp_path / "none.json")
    assert not (tmp_path / "none.json").exists()
