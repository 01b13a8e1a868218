"""The registered champion: loaded back and served over HTTP, it takes raw strings and answers."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serving
from ports import free_port

from malmoi.config import ConfigError
from malmoi.decoding import Decoding
from tasks import _aliases, _claims, _recording, _registry, _requirements, _runs, _tracking, predict

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def filled(
    make_out: Callable[[Path], Path], empty_store: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[_tracking.Store, Path]]:
    """A store with all runs and both champions."""
    folder = tmp_path_factory.mktemp("served")
    out = make_out(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", empty_store(folder))
        store = _tracking.store()
        _recording.record(store, out)
        assert [said.split(" (")[0] for said in _aliases.register(store, out)] == [
            "classify-bills version 1",
            "language-model-law version 1",
        ]
        yield store, out


def load(name: str) -> Any:
    import mlflow

    return mlflow.pyfunc.load_model(f"models:/{name}@champion")


def test_the_classifier_answers_korean_strings(filled: tuple[_tracking.Store, Path]) -> None:
    model = load("classify-bills")
    first, second = model.predict(["국회는 예산을 심의한다", "법원은 재판을 한다"])
    assert (first["label"], second["label"]) == ("국회", "법원")
    [answer] = model.predict(["국회는"], params={"return_probabilities": True})
    assert set(answer["probabilities"]) == {"국회", "대통령", "법원"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert model.predict([]) == []


def test_the_language_model_continues_a_text(filled: tuple[_tracking.Store, Path]) -> None:
    model = load("language-model-law")
    once, again = (model.predict(["국회는 "], params={"length": 12, "temperature": 0.8, "seed": 7}) for _ in range(2))
    assert once == again
    assert 0 < len(once[0]["text"]) <= 12
    defaults = {spec.name: spec.default for spec in model.metadata.signature.params}
    assert defaults == _registry.OPTIONS["language_model"]
    assert set(defaults) == set(Decoding.__dataclass_fields__), "whatever can be set can be asked for"
    assert (defaults["length"], defaults["temperature"], defaults["seed"]) == (100, 0.8, 1)


def test_a_request_says_how_to_write(filled: tuple[_tracking.Store, Path]) -> None:
    model = load("language-model-law")
    plain = model.predict(["국회는 "], params={"length": 30, "temperature": 0.0})[0]
    assert plain["finish_reason"] == "length"
    stop = plain["text"][3:5]
    [stopped] = model.predict(["국회는 "], params={"length": 30, "temperature": 0.0, "stop": [stop, "☃"]})
    assert stopped == {"text": plain["text"].partition(stop)[0], "finish_reason": "stop"}
    greedy = list(model.predict_stream(["국회는 "], params={"length": 30, "temperature": 0.0}))
    assert ("".join(greedy), len(greedy) > 5) == (plain["text"], True)
    searched = [model.predict(["국회는 "], params={"length": 10, "temperature": 0, "beams": 3, "stop_at_end": True}) for _ in range(2)]
    assert searched[0] == searched[1]
    nucleus, penalised = {"top_k": 5, "top_p": 0.9}, {"repetition_penalty": 1.5, "no_repeat": 3, "stop": []}
    texts = [model.predict(["국회는 "], params={"length": 30, **options})[0]["text"] for options in ({}, nucleus, penalised)]
    assert len(set(texts)) == 3


def test_a_wrong_type_is_refused(filled: tuple[_tracking.Store, Path]) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match=r"text 1 of 2 should be a string \(str\), found int: 1"):
        load("classify-bills").predict([1, 2])
    wrong = [
        ({"temperature": -1.0}, "must not be negative"),
        ({"top_k": 2.5}, "top_k"),
        ({"stop": "."}, "1D array"),
        ({"top_p": 3.0}, "top_p must be above 0 and at most 1"),
        ({"beams": 4}, "give temperature 0, top_k 0 and top_p 1 with them, not temperature 0.8"),
    ]
    with pytest.raises(MlflowException, match="only a language model continues a text"):
        list(load("classify-bills").predict_stream(["국회는"]))
    for params, message in wrong:
        with pytest.raises(MlflowException, match=message) as raised:
            load("language-model-law").predict(["국회는"], params=params)
        assert raised.value.get_http_status_code() == 400


def test_a_request_has_limits_which_the_server_can_set(filled: tuple[_tracking.Store, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.exceptions import MlflowException

    classifier, writer = load("classify-bills"), load("language-model-law")
    with pytest.raises(MlflowException, match="may have 10,000 texts, this one has 10,001"):
        classifier.predict(["국회"] * 10_001)
    with pytest.raises(MlflowException, match="may have 100,000 characters in a text, this one has 100,001"):
        classifier.predict(["국" * 100_001])
    with pytest.raises(MlflowException, match="may have 10,000,000 characters in all texts"):
        classifier.predict(["국" * 100_000] * 101)
    for params, said in [
        ({"length": 2_001}, r"2,000 tokens to write for a text \(length\), this one has 2,001"),
        ({"length": 1, "beams": 33, "temperature": 0.0}, "32 beams, this one has 33"),
        ({"stop": [str(number) for number in range(33)]}, "32 strings to stop at"),
        ({"length": 2_000, "beams": 32, "temperature": 0.0}, r"200,000 tokens to write \(texts x length x beams\), this one has 256,000"),
    ]:
        with pytest.raises(MlflowException, match=said) as refused:
            writer.predict(["국회는 "] * 4, params=params)
        assert refused.value.get_http_status_code() == 400
    with pytest.raises(MlflowException, match="2,000 tokens to write for a text"):
        list(writer.predict_stream(["국회는 "], params={"length": 2_001}))
    monkeypatch.setenv("MALMOI_SERVE_WRITTEN", "20")
    writer = load("language-model-law")
    with pytest.raises(MlflowException, match=r"may have 20 tokens to write .*MALMOI_SERVE_WRITTEN of the server's environment"):
        writer.predict(["국회는 "] * 3, params={"length": 10})
    assert len(writer.predict(["국회는 "] * 2, params={"length": 10})) == 2
    monkeypatch.setenv("MALMOI_SERVE_WRITTEN", "many")
    with pytest.raises(ConfigError, match="MALMOI_SERVE_WRITTEN=many: should be a whole number, as 200000"):
        load("language-model-law")


def test_a_version_says_where_it_comes_from(filled: tuple[_tracking.Store, Path]) -> None:
    store, _ = filled
    version = store.client.get_model_version_by_alias("classify-bills", "champion")
    assert version.tags["malmoi.experiment"] == "bills-again"
    assert version.tags["malmoi.seed"] == "1"
    assert version.tags["test_accuracy"] == "0.625"
    assert "bills-again is best." in version.description  # its model card: tests/tasks/test_cards.py
    run = store.client.get_run(version.run_id)
    assert run.data.tags["malmoi.key"] == version.tags["malmoi.key"]
    logged = store.client.get_logged_model(version.source.removeprefix("models:/"))
    assert logged.experiment_id == run.info.experiment_id
    assert store.folder is not None
    assert logged.artifact_location.startswith((store.folder / "mlartifacts").as_uri())


def test_registering_again_changes_nothing_and_an_old_champion_comes_back(filled: tuple[_tracking.Store, Path]) -> None:
    store, out = filled
    decisions = out / "promote" / "decisions.json"
    kept = decisions.read_text(encoding="utf-8")
    assert _aliases.register(store, out) == []
    decisions.write_text(kept.replace("bills-again", "bills-linear"), encoding="utf-8")
    assert _aliases.register(store, out) == ["classify-bills version 2 (bills-linear · seed 1)"]
    decisions.write_text(kept, encoding="utf-8")
    assert _aliases.register(store, out) == ["classify-bills version 1 (bills-again · seed 1)"]
    assert {version.version for version in store.client.search_model_versions("name = 'classify-bills'")} == {1, 2}


def test_a_bundle_that_does_not_answer_is_not_registered(filled: tuple[_tracking.Store, Path]) -> None:
    store, out = filled
    decisions, weights = out / "promote" / "decisions.json", out / "train" / "bills-again" / "seed-2" / "model" / "weights.npz"
    kept, whole = decisions.read_text(encoding="utf-8"), weights.read_bytes()
    changed = json.loads(kept)
    changed["classify-bills"]["seed"] = 2
    decisions.write_text(json.dumps(changed), encoding="utf-8")
    weights.unlink()
    try:
        with pytest.raises(ConfigError, match=r"seed-2: does not answer"):
            _aliases.register(store, out)
    finally:
        weights.write_bytes(whole)
        decisions.write_text(kept, encoding="utf-8")
    assert int(store.client.get_model_version_by_alias("classify-bills", "champion").version) == 1


def test_requirements_are_pinned_and_no_more_than_needed(filled: tuple[_tracking.Store, Path]) -> None:
    _, out = filled
    by_name = {run.name: _requirements.requirements(_registry.folder(run), ["말"]) for run in _runs.read(out)}
    packages = {line.partition("==")[0].lower() for line in by_name["bills-linear"]}
    assert {"mlflow", "numpy", "pydantic", "pyyaml", "scipy"} <= packages
    assert not packages & {"tensorflow", "keras", "scikit-learn", "konlpy", "matplotlib", "prefect", "dvc"}
    assert all("==" in line for line in by_name["law-ngram"])
    pinned = _requirements.pins("\n".join(_requirements.constraints(by_name["bills-linear"])))
    locked = _requirements.locked(_tracking.ROOT / "requirements.lock")
    assert len(pinned) > 50
    assert {name: number for name, number in pinned.items() if locked.get(name) != number} == {}


def test_texts_come_as_a_string_a_list_or_a_table(filled: tuple[_tracking.Store, Path]) -> None:
    import pandas as pd

    model = load("classify-bills")
    texts = ["국회는 예산을 심의한다", "법원은 재판을 한다"]
    both = [one["label"] for one in model.predict(texts)]
    assert both == ["국회", "법원"]
    forms = [
        pd.Series(texts),
        pd.DataFrame({"text": texts, "id": ["a", "b"]}),
        pd.DataFrame({"review": texts}),
        pd.Series(texts).to_numpy(),
    ]
    for form in forms:
        assert [one["label"] for one in model.predict(form)] == both
    assert [one["label"] for one in model.predict(texts[0])] == both[:1]
    assert [list(model.predict(none)) for none in ([], pd.DataFrame({"text": []}), pd.Series([], dtype=str))] == [[], [], []]
    assert [one["label"] for one in model.predict(texts * 1000)] == both * 1000


def test_a_registered_model_answers_a_file(filled: tuple[_tracking.Store, Path], tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("국회는 예산을 심의한다\n법원은 재판을 한다\n", encoding="utf-8")
    options = {"text": None, "probabilities": False, "encoding": "utf-8", "rows": 1000, "settings": list[str]()}
    predict.run("models:/classify-bills@champion", tmp_path / "in.txt", tmp_path / "out.txt", **options)
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").split() == ["국회", "법원"]


def test_java_is_up_before_the_first_request(make_out: Callable[[Path], Path], tmp_path: Path) -> None:
    from mlflow.pyfunc import PythonModelContext

    from malmoi.tokenizers import _java
    from tasks._served import Served

    bundle = make_out(tmp_path) / "train/bills-linear/seed-1"
    pipeline = json.loads((bundle / "pipeline.json").read_text(encoding="utf-8"))
    pipeline["tokenizer"] = {"name": "okt", "options": {"heap_mb": 513}, "lossless": False}  # a worker of its own
    (bundle / "pipeline.json").write_text(json.dumps(pipeline), encoding="utf-8")
    model = Served()
    model.load_context(PythonModelContext({"bundle": str(bundle)}, {}))
    pool = _java.pool("malmoi.tokenizers.okt", 4, 513, ())
    try:
        assert [(worker.ready, worker.long_run) for worker in pool.workers] == [(True, True)]
        before = [worker.process.pid for worker in pool.workers]
        model.predict(None, ["국회는 예산을 심의한다"] * 1500)
        assert [worker.process.pid for worker in pool.workers] == before, "no Java is started under way"
    finally:
        pool.close()


@pytest.mark.server
def test_it_is_served_over_http_and_after_a_restart(filled: tuple[_tracking.Store, Path], tmp_path: Path) -> None:
    port, python = free_port(), Path(sys.executable)
    with serving.served(python, "models:/classify-bills@champion", tmp_path, port):
        both = serving.right_requests(port)
        serving.wrong_requests(port)
        serving.many_at_once(port, both)
    with serving.served(python, "models:/classify-bills@champion", tmp_path, port):
        assert serving.labels(port, {"inputs": [serving.KOREAN, serving.ENGLISH]}) == both


@pytest.mark.server
def test_it_is_served_from_an_environment_with_its_own_requirements_alone(filled: tuple[_tracking.Store, Path], tmp_path: Path) -> None:
    """A minute or two: some 90 packages are installed. Skipped where no package index can be reached."""
    store, _ = filled
    version = store.client.get_model_version_by_alias("classify-bills", "champion")
    with _claims.claim(store, "classify-bills@champion") as claim:
        model = shutil.copytree(claim.folder, tmp_path / "model")
    python, port = tmp_path / "env/bin/python", free_port()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    install = ["install", "--quiet", "--no-compile", "--requirement", str(model / "requirements.txt")]
    done = subprocess.run([*pip, *install], capture_output=True, text=True, check=False)
    if done.returncode and re.search("(?i)no matching distribution|connection|network", done.stderr):
        pytest.skip(f"no package index can be reached: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    installed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True, check=True).stdout.lower()
    assert not re.search(r"(?m)^(tensorflow|keras|dvc|prefect|torch)==", installed)
    with serving.served(python, str(model), tmp_path, port) as said:
        assert "mismatches" not in said, "what it was measured with is what is installed"
        both = serving.right_requests(port)
        serving.wrong_requests(port)
        serving.many_at_once(port, both)
    assert both == [one["label"] for one in load("classify-bills").predict([serving.KOREAN, serving.ENGLISH])]
    assert version.tags[_claims.FILES]
