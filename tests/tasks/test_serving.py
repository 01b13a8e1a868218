"""The registered champion: loaded back and served over HTTP, it takes raw strings and answers."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from malmoi.config import ConfigError
from malmoi.decoding import Decoding
from tasks import _recording, _registry, _runs, _tracking


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
        assert [said.split(" (")[0] for said in _registry.register(store, out)] == [
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

    with pytest.raises(MlflowException, match="Expected type str, but got int"):
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


def test_a_version_says_where_it_comes_from(filled: tuple[_tracking.Store, Path]) -> None:
    store, _ = filled
    version = store.client.get_model_version_by_alias("classify-bills", "champion")
    assert version.tags["malmoi.experiment"] == "bills-again"
    assert version.tags["malmoi.seed"] == "1"
    assert version.tags["test_accuracy"] == "0.625"
    assert version.description.startswith("bills-again is best.")
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
    assert _registry.register(store, out) == []
    decisions.write_text(kept.replace("bills-again", "bills-linear"), encoding="utf-8")
    assert _registry.register(store, out) == ["classify-bills version 2 (bills-linear · seed 1)"]
    decisions.write_text(kept, encoding="utf-8")
    assert _registry.register(store, out) == ["classify-bills version 1 (bills-again · seed 1)"]
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
            _registry.register(store, out)
    finally:
        weights.write_bytes(whole)
        decisions.write_text(kept, encoding="utf-8")
    assert int(store.client.get_model_version_by_alias("classify-bills", "champion").version) == 1


def test_requirements_are_pinned_and_no_more_than_needed(filled: tuple[_tracking.Store, Path]) -> None:
    _, out = filled
    by_name = {run.name: _registry.requirements(run) for run in _runs.read(out)}
    packages = {line.partition("==")[0].lower() for line in by_name["bills-linear"]}
    assert {"mlflow", "numpy", "scikit-learn", "pydantic", "pyyaml", "scipy"} <= packages
    assert not packages & {"tensorflow", "keras", "konlpy", "matplotlib", "prefect", "dvc"}
    assert all("==" in line for line in by_name["law-ngram"])


def ask(port: int, body: Any) -> tuple[int, Any]:
    """Status and JSON of one request."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.server
def test_it_is_served_over_http_without_the_project(filled: tuple[_tracking.Store, Path], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    command = [str(Path(sys.executable).with_name("mlflow")), "models", "serve", "-m", "models:/classify-bills@champion"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            [*command, "--env-manager", "local", "-p", str(port)],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 90
        while "startup complete" not in (tmp_path / "log").read_text() and time.monotonic() < until and server.poll() is None:
            time.sleep(0.3)
        status, reply = ask(port, {"inputs": ["국회는 예산을 심의한다"]})
        assert (status, reply["predictions"][0]["label"]) == (200, "국회"), (tmp_path / "log").read_text()
        status, reply = ask(port, {"inputs": [{"not": "a string"}]})
        assert status == 400
        assert "str" in reply["message"]
        assert ask(port, {"inputs": ["국회"], "params": {"return_probabilities": "perhaps"}})[0] == 400
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
