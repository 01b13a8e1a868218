"""Verifying a registered model: right as it is, made anew to the same bytes, and wrong at the link that was tampered with."""

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import serving
from mlflow_server import Server
from own_project import OwnProject
from ports import free_port

from malmoi.config import ConfigError
from tasks import (
    _champions,
    _checkout,
    _claims,
    _content_checks,
    _earlier,
    _files,
    _hardware,
    _lineage_checks,
    _rebuilding,
    _tracking,
    _trust,
    serve,
    verify,
)
from tasks._checkout import Checkout
from tasks._claims import Claim
from tasks._findings import Finding, UncheckedError

pytestmark = pytest.mark.long

NAME = "classify-reviews"
REVIEWS = """\
ingest: {reviews: {}}
tokens:
  reviews-characters: {corpus: reviews, tokenizer: characters}
features:
  reviews-counts: {corpus: reviews, tokens: reviews-characters, kind: counts, options: {weights: tfidf, ngrams: [1, 2]}}
experiments:
  reviews-linear: {problem: classify, corpus: reviews, features: reviews-counts, model: {family: linear, C: 0.5}, seeds: [1, 2]}
"""
LINKS = ["identity", "files", "commit", "dvc.lock", "code", "params", "seed", "shipped code", "requirements", "environment"]
LINKS += ["weights", "metrics", "scores"]

Opened = Callable[[], contextlib.AbstractContextManager[Claim]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    """A project whose champion is registered, everything committed."""
    made = OwnProject(tmp_path_factory.mktemp("verified"))
    (made.root / "params/experiments/reviews.yaml").write_text(REVIEWS, encoding="utf-8")
    made.edit("dvc.yaml", "  - params/experiments/notes.yaml\n", "")
    (made.root / "params/experiments/notes.yaml").unlink()
    made.run("python", "-m", "tasks", "fetch", "reviews")
    made.run("dvc", "repro", "--quiet", "promote")
    made.commit("trained")
    made.run("python", "-m", "tasks", "record", "--strict")
    return made


@pytest.fixture(scope="module")
def opened(project: OwnProject) -> Iterator[Opened]:
    """Read the champion's claim from MLflow, as it is then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", project.store)
        store = _tracking.store()
        yield lambda: _claims.claim(store, f"{NAME}@champion")


@pytest.fixture(scope="module")
def clean(project: OwnProject) -> Iterator[Checkout]:
    """A clean checkout with what DVC has."""
    commit = project.run("git", "rev-parse", "HEAD").strip()
    with _checkout.checkout(project.root, commit) as made:
        wanted = {"out/train/reviews-linear", "out/evaluate/reviews-linear", "out/ingest/reviews"}
        assert made.bring(*wanted) == wanted
        yield made


@contextlib.contextmanager
def edited(file: Path, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """A file with another content, for a while."""
    kept = file.read_bytes()
    file.write_bytes(change(kept))
    assert file.read_bytes() != kept
    try:
        yield
    finally:
        file.write_bytes(kept)


@contextlib.contextmanager
def rewritten(project: OwnProject, *statement: str) -> Iterator[None]:
    """MLflow's database with something else in it, for a while: behind MLflow's back, which would not let a param be changed."""
    path, kept = Path(project.store.removeprefix("sqlite:///")), sqlite3.connect(":memory:")
    with contextlib.closing(kept), contextlib.closing(sqlite3.connect(path)) as connection:
        connection.backup(kept)
        assert connection.execute(statement[0], statement[1:]).rowcount > 0
        connection.commit()
        try:
            yield
        finally:
            kept.backup(connection)


def model_file(project: OwnProject, name: str) -> Path:
    """A file of the registered model in MLflow's store."""
    [file] = (project.root.parent / "mlartifacts").rglob(f"artifacts/{name}")
    return file


def test_it_is_what_it_says_and_is_made_anew_byte_for_byte(project: OwnProject, opened: Opened) -> None:
    told: list[Finding] = []
    with opened() as claim:
        assert verify.check(claim, project.root, quick=False, told=told.append) == [], "\n".join(map(str, told))
    assert [found.link for found in told] == [*LINKS, "data", "training"]
    said = {found.link: found.said for found in told}
    assert "byte for byte" in said["training"]
    assert "features@reviews-counts: made anew" in said["data"]


TAGS = [
    ("malmoi.seed", "2", "identity", "seed '2'"),
    ("malmoi.key", "0" * 64, "identity", "key '0000"),
    ("mlflow.source.git.commit", "0" * 40, "commit", "the version says 0000000000"),
    ("malmoi.files", "0" * 64, "files", "not those that were registered"),
    ("malmoi.registered.commit", "HEAD~1", "shipped code", "is not that of commit"),
    ("test_accuracy", "0.99", "metrics", "the version's tag '0.99'"),
]
CHECKS = {
    "shipped code": _content_checks.shipped,
    "metrics": _content_checks.metrics,
    "requirements": _content_checks.requirements,
    "environment": _content_checks.environment,
    "weights": _content_checks.bundle,
    "params": _lineage_checks.params,
    "seed": _lineage_checks.seed,
    "dvc.lock": _lineage_checks.lock,
    "code": _lineage_checks.code,
}


def check(link: str, claim: Claim, clean: Checkout) -> str:
    """One link's check."""
    if link == "commit":
        return _lineage_checks.commit(claim, clean.root)
    return CHECKS[link](claim, clean) if link in CHECKS else getattr(_lineage_checks, link)(claim)


@pytest.mark.parametrize(("tag", "value", "link", "said"), TAGS)
def test_a_tag_that_was_changed_is_found(
    project: OwnProject, opened: Opened, clean: Checkout, tag: str, value: str, link: str, said: str
) -> None:
    statement = "UPDATE model_version_tags SET value = ? WHERE key = ?"
    if tag == "malmoi.registered.commit":
        (project.root / "malmoi/later.py").write_text('"""Later."""\n')
        project.commit("later")
        value = "HEAD"
    with rewritten(project, statement, value, tag), opened() as claim, pytest.raises(ConfigError, match=said):
        check(link, claim, clean)


DATABASE = [
    ("UPDATE params SET value = ? WHERE key = ?", ("9.0", "model.C"), "params", r"model.C: '0.5' in the commit, '9.0' in MLflow"),
    ("UPDATE params SET value = ? WHERE key = ?", ("2", "seed"), "params", "seed: '1' in the commit, '2' in MLflow"),
    ("UPDATE latest_metrics SET value = ? WHERE key = ?", ("0.123", "test_accuracy"), "metrics", "test_accuracy: .*MLflow has 0.123"),
    ("UPDATE tags SET value = ? WHERE key = ?", ("0" * 32, "dvc.deps.out/features/reviews-counts"), "dvc.lock", "the run 0000"),
    ("UPDATE tags SET value = ? WHERE key = ?", ("0" * 32, "dvc.outs.out/train/reviews-linear"), "commit", "recorded was 0000"),
    ("UPDATE tags SET value = ? WHERE key = ?", ("0" * 40, "mlflow.source.git.commit"), "commit", "its run 0000"),
]


@pytest.mark.parametrize(("statement", "values", "link", "said"), DATABASE)
def test_a_run_that_was_changed_is_found(
    project: OwnProject, opened: Opened, clean: Checkout, statement: str, values: tuple[str, ...], link: str, said: str
) -> None:
    with rewritten(project, statement, *values), opened() as claim, pytest.raises(ConfigError, match=said):
        check(link, claim, clean)


FILES = [
    ("artifacts/seed-1/model/weights.npz", lambda old: old[:-1] + b"\1", "weights", "model/weights.npz is not the same"),
    ("artifacts/seed-1/bundle.json", lambda old: old.replace(b"classify", b"classifx"), "identity", "the bundle's is 'classifx'"),
    ("code/malmoi/predictor.py", lambda old: old + b"\n", "shipped code", "malmoi/predictor.py is not that of commit"),
    ("_served.py", lambda old: old + b"\n", "shipped code", "tasks/_served.py is not that of commit"),
    (
        "requirements.txt",
        lambda old: old.replace(b"mlflow==3.", b"mlflow==2."),
        "requirements",
        r"mlflow: 2\.\S+ in requirements.txt, 3\.\S+ in requirements.lock",
    ),
]


@pytest.mark.parametrize(("name", "change", "link", "said"), FILES)
def test_a_file_that_was_changed_is_found(
    project: OwnProject, opened: Opened, clean: Checkout, name: str, change: Callable[[bytes], bytes], link: str, said: str
) -> None:
    with edited(model_file(project, name), change), opened() as claim:
        with pytest.raises(ConfigError, match="not those that were registered"):
            _lineage_checks.files(claim)
        with pytest.raises(ConfigError, match=said):
            check(link, claim, clean)


COMMIT = [
    ("params/experiments/reviews.yaml", b"C: 0.5", b"C: 0.6", "params", "model.C: '0.6' in the commit"),
    ("params/experiments/reviews.yaml", b"C: 0.5", b"C: 0.6", "code", "train@reviews-linear"),
    ("params/experiments/reviews.yaml", b"seeds: [1, 2]", b"seeds: [2, 3]", "seed", "1 is none of the experiment's"),
    ("requirements.lock", b"\nnumpy==", b"\nnumpy==0.", "environment", r"numpy .* is installed, the lock has 0\."),
    ("malmoi/vocab.py", b"\n", b"\n\n", "code", "malmoi/vocab.py.*modified"),
]


@pytest.mark.parametrize(("name", "old", "new", "link", "said"), COMMIT)
def test_a_commit_that_was_changed_is_found(
    opened: Opened, clean: Checkout, name: str, old: bytes, new: bytes, link: str, said: str
) -> None:
    with edited(clean.folder / name, lambda kept: kept.replace(old, new, 1)), opened() as claim, pytest.raises(ConfigError, match=said):
        check(link, claim, clean)


def test_a_lock_that_was_changed_is_found(opened: Opened, clean: Checkout) -> None:
    made = str(clean.lock["tokens@reviews-characters"]["outs"][0]["md5"]).encode()
    changed = edited(clean.folder / "dvc.lock", lambda kept: kept.replace(made, b"0" * 32 + b".dir", 1))
    with changed, opened() as claim, pytest.raises(ConfigError, match="written was"):
        _lineage_checks.lock(claim, clean)


def test_a_model_that_scores_otherwise_is_found(opened: Opened, clean: Checkout) -> None:
    """The weights of the other seed's twin are replaced by ones that know nothing: MLflow's scores are not theirs."""
    import numpy as np

    from malmoi.npz import save_arrays

    with opened() as claim:
        file = claim.bundle / "model" / "weights.npz"
        with np.load(file) as kept:
            save_arrays(file, {name: np.zeros_like(kept[name]) for name in kept.files})
        with pytest.raises(ConfigError, match="MLflow has"):
            _rebuilding.scores(claim, clean)


def test_other_bytes_on_the_same_hardware_are_wrong(opened: Opened, clean: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened() as claim:
        (claim.bundle / "model" / "weights.npz").write_bytes(b"other")
        monkeypatch.setattr(_rebuilding, "_one_seed", lambda *_: None)
        monkeypatch.setattr(_rebuilding, "_again", lambda *_: None)
        with pytest.raises(ConfigError, match="on the same hardware"):
            _rebuilding.training(claim, clean)
        monkeypatch.setattr(_hardware, "name", lambda: "Another processor")
        monkeypatch.setattr(_rebuilding, "_as_good", lambda *_: "as good")
        assert "which adds numbers in another order. as good" in _rebuilding.training(claim, clean)


def test_another_number_of_seconds_changes_nothing(opened: Opened, clean: Checkout) -> None:
    """A colleague trains anew: the same bytes, in another time; dvc.lock has another hash of the file that says so."""
    [cost] = [out["md5"] for out in clean.lock["train@reviews-linear"]["outs"] if out["path"].startswith("out/cost/")]
    with edited(clean.folder / "dvc.lock", lambda kept: kept.replace(cost.encode(), b"0" * 32)), opened() as claim:
        assert "hashes" in _lineage_checks.lock(claim, clean)


def test_before_the_commit_it_says_commit_first(project: OwnProject, opened: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    """Right after `make`: dvc.lock in the working tree has the training, no commit has it."""
    trained = project.run("git", "log", "--format=%H", "--grep=trained").split()[0]
    name, copy = "before", project.root.parent / "before"
    project.run("git", "clone", "--quiet", ".", str(copy))
    project.run("git", "-C", str(copy), "checkout", "--quiet", "-b", name, f"{trained}~1")
    (copy / "dvc.lock").write_bytes((project.root / "dvc.lock").read_bytes())
    for branch in project.run("git", "-C", str(copy), "branch", "--all", "--format=%(refname)").split():
        if branch != f"refs/heads/{name}":
            project.run("git", "-C", str(copy), "update-ref", "-d", branch)
    commit = project.run("git", "-C", str(copy), "rev-parse", "HEAD").strip()
    with opened() as claim:
        early = replace(
            claim, tags={**claim.tags, _claims.COMMIT: commit}, run={**claim.run, _claims.COMMIT: commit, "malmoi.dirty": "true"}
        )
        told: list[Finding] = []
        [found] = verify.check(early, copy, quick=True, told=told.append)
    assert (found.link, found.unchecked) == ("commit", True)
    assert str(found).startswith("?")
    assert "commit first: dvc.lock here has this training" in found.said


def test_what_cannot_be_compared_is_not_ok(
    project: OwnProject, opened: Opened, clean: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Checkout, "bring", lambda *_: set())
    for look in (_content_checks.bundle, _content_checks.metrics):
        with opened() as claim, pytest.raises(UncheckedError, match="in no cache and no remote"):
            look(claim, clean)
    monkeypatch.setattr(verify, "check", lambda *_: [Finding("weights", "nowhere", unchecked=True)])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", project.store)
    with pytest.raises(ConfigError, match=r"these could not: weights \(see \?\)"):
        verify.run(f"{NAME}@champion", quick=True)
    verify.run(f"{NAME}@champion", quick=False)
    assert "was made anew in place of a comparison with DVC's copies (weights)" in capsys.readouterr().out


def test_the_cache_is_where_dvc_says_it_is(project: OwnProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set for all of a person's projects, not in this one's own configuration."""
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config").write_text(f"[cache]\n    dir = {tmp_path / 'shared'}\n")
    assert _checkout.cache(project.root) == tmp_path / "shared"


def judged(project: OwnProject, claim: Claim) -> _trust.Judgement:
    return _trust.judge(_claims.version(_tracking.store(), f"{NAME}@champion"), claim.folder, project.root)


def test_a_model_that_git_knows_may_be_loaded(project: OwnProject, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code by git's own objects, its weights by DVC's hashes: of the folder in out/, or, where that is gone, of the cache."""
    with opened() as claim:
        assert judged(project, claim) == _trust.Judgement([], [])
        out = project.root / "out/train/reviews-linear"
        out.rename(out.with_name("elsewhere"))
        try:
            assert judged(project, claim) == _trust.Judgement([], [])
        finally:
            out.with_name("elsewhere").rename(out)


DANGERS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("_served.py", lambda old: old + b"\nimport os\n", "_served.py is not tasks/_served.py of the commit"),
    ("code/malmoi/predictor.py", lambda old: old + b"\n", "code/malmoi/predictor.py is not malmoi/predictor.py of the commit"),
    ("code/malmoi/evil.py", lambda _: b"print()", "code/malmoi/evil.py is not malmoi/evil.py of the commit"),
    ("code/numpy/__init__.py", lambda _: b"print()", "code/numpy/__init__.py: nobody expects such a file"),
    ("sitecustomize.py", lambda _: b"print()", "sitecustomize.py: nobody expects such a file"),
    ("artifacts/seed-1/model/weights.pkl", lambda _: b"cos\n", "weights.pkl: nobody expects such a file"),
    ("MLmodel", lambda old: old.replace(b"mlflow.pyfunc.loaders.code_model", b"os"), "MLmodel: loader_module is 'os'"),
    ("MLmodel", lambda old: old.replace(b"_served.py", b"served.py"), "MLmodel: model_code_path is"),
    ("MLmodel", lambda old: old.replace(b"path: artifacts/seed-1", b"path: /etc"), "MLmodel: the artifact bundle is at '/etc'"),
    ("MLmodel", lambda old: old.replace(b"    code: code", b"    code: code\n    predict_fn: x"), "has flavors.python_function.predict_fn"),
    ("MLmodel", lambda old: old.replace(b"flavors:", b"resources: {}\nflavors:"), "MLmodel has resources, which this project never writes"),
    ("artifacts/seed-1/bundle.json", lambda old: old.replace(b'"classify"', b'"language_model"'), "one of language-model-reviews"),
    (
        "MLmodel",
        lambda old: old.replace(b"flavors:", b"flavors:\n  sklearn: {pickled_model: x.pkl}"),
        "MLmodel has another flavour: sklearn",
    ),
    ("MLmodel", lambda _: b"\xff", "MLmodel cannot be read"),
]


@pytest.mark.parametrize(("name", "change", "said"), DANGERS)
def test_what_would_run_and_is_not_gits_is_refused(
    project: OwnProject, opened: Opened, name: str, change: Callable[[bytes], bytes], said: str
) -> None:
    with opened() as claim:
        file = claim.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(change(file.read_bytes() if file.exists() else b""))
        found = judged(project, claim)
        assert any(said in line for line in found.dangers), found
        version = _claims.version(_tracking.store(), f"{NAME}@champion")
        with pytest.raises(ConfigError, match="is not loaded, since loading runs code"):
            serve.check(version, claim.folder, project.root)
        with pytest.raises(ConfigError, match="--trust is for other files: 0000"):
            serve.check(version, claim.folder, project.root, trust="0" * 64)
        serve.check(version, claim.folder, project.root, trust=_files.digest(claim.folder))


def test_other_weights_and_an_unknown_commit_are_not_served_without_a_word(project: OwnProject, opened: Opened) -> None:
    with opened() as claim, edited(claim.bundle / "model/weights.npz", lambda old: old[:-1] + b"\1"):
        assert judged(project, claim).unknown == [
            "no training that dvc.lock or champions/ names has these weights (reviews-linear, seed 1)"
        ]
    statement = "UPDATE model_version_tags SET value = ? WHERE key = ?"
    (project.root / "malmoi/other.py").write_text('"""Other."""\n')
    try:
        with rewritten(project, statement, "0" * 40, "malmoi.registered.commit"), opened() as claim:
            assert judged(project, claim).dangers == []  # it is the working tree's
            (project.root / "malmoi/vocab.py").write_text((project.root / "malmoi/vocab.py").read_text() + "\n")
            assert [line.split()[0] for line in judged(project, claim).dangers] == ["code/malmoi/vocab.py"]
    finally:
        project.run("git", "checkout", "--quiet", "malmoi/vocab.py")
        (project.root / "malmoi/other.py").unlink()


def test_the_bundle_that_is_compared_is_the_one_that_is_loaded(project: OwnProject, opened: Opened) -> None:
    """A decoy: MLmodel names another bundle than the one whose hashes DVC knows."""
    with opened() as claim:
        shutil.copytree(claim.bundle, claim.folder / "artifacts/seed-9")
        about = claim.folder / "MLmodel"
        about.write_text(about.read_text().replace("path: artifacts/seed-1", "path: artifacts/seed-9"))
        assert judged(project, claim).dangers == ["MLmodel: the artifact bundle is at 'artifacts/seed-9'"]


def test_code_is_of_one_commit_that_this_branch_has(project: OwnProject, opened: Opened) -> None:
    """What somebody has proposed on another branch is in the clone, and was taken by nobody."""
    files = [project.root / "malmoi" / name for name in ("vocab.py", "registry.py")]
    project.run("git", "checkout", "--quiet", "-b", "proposal")
    for file in files:
        file.write_text(file.read_text() + "\n# proposed\n")
    project.run("git", "commit", "--quiet", "--all", "--message", "proposal")
    proposed, changed = project.run("git", "rev-parse", "HEAD").strip(), [file.read_bytes() for file in files]
    project.run("git", "checkout", "--quiet", "-")
    statement = "UPDATE model_version_tags SET value = ? WHERE key = ?"
    with rewritten(project, statement, proposed, "malmoi.registered.commit"), opened() as claim:
        for file, content in zip(files, changed, strict=True):
            (claim.folder / "code/malmoi" / file.name).write_bytes(content)
        assert [line.split()[0] for line in judged(project, claim).dangers] == ["code/malmoi/registry.py", "code/malmoi/vocab.py"]
    with opened() as claim:  # one file of the commit, another of the working tree: never run together
        (claim.folder / "code/malmoi/vocab.py").write_bytes(changed[0])
        with edited(files[0], lambda _: changed[0]), edited(files[1], lambda _: changed[1]):
            assert len(judged(project, claim).dangers) == 1
    project.run("git", "branch", "--quiet", "-D", "proposal")


def test_who_stands_is_in_git_not_on_the_server(project: OwnProject, opened: Opened) -> None:
    """champions/history.yaml alone tells of the weights, where there is neither out/ nor a cache; and an alias does not overrule it."""
    event = _champions.event_of(project.root / "out", "first", "reviews-linear", 1)
    history = project.root / "champions" / _champions.HISTORY
    kept, moved = history.read_bytes(), [project.root / "out/train", project.root / ".dvc/cache/files"]
    try:
        _champions.add(history.parent, NAME, event)
        for folder in moved:
            folder.rename(folder.with_name("elsewhere"))
        with opened() as claim:
            assert judged(project, claim) == _trust.Judgement([], [])
            assert _trust.overruled(claim.folder, NAME, project.root) == ""
            _champions.add(history.parent, NAME, replace(event, by="rollback", reason="slow", key="0" * 64, seed=2))
            assert "reviews-linear, seed 2, is champion. Point it there: python -m tasks record" in _trust.overruled(
                claim.folder, NAME, project.root
            )
    finally:
        history.write_bytes(kept)
        for folder in moved:
            if folder.with_name("elsewhere").exists():
                folder.with_name("elsewhere").rename(folder)


@pytest.mark.parametrize(("tag", "value"), [("experiment", "../../outside"), ("experiment", "/outside"), ("seed", "1/..")])
def test_what_a_server_says_never_becomes_a_path(project: OwnProject, opened: Opened, tag: str, value: str) -> None:
    with rewritten(project, "UPDATE model_version_tags SET value = ? WHERE key = ?", value, f"malmoi.{tag}"):
        for ask in (lambda: _claims.version(_tracking.store(), NAME), lambda: _earlier._find(_tracking.store(), NAME, 1)):
            with pytest.raises(ConfigError, match=f"malmoi.{tag} is .*so nothing is done with it"):
                ask()


@pytest.mark.server
def test_code_that_somebody_put_on_a_tracking_server_is_not_run(project: OwnProject, tmp_path: Path) -> None:
    """Over HTTP, without a login: whoever reaches the server can change what a model's file does, and the tag with its digest."""
    server = Server(tmp_path, f"sqlite:///{tmp_path}/backend.db", free_port())
    server.start()
    ran, given = tmp_path / "ran", project.environment | {"MLFLOW_TRACKING_URI": server.address}

    def serve_it(*more: str) -> "subprocess.Popen[str]":
        command = ["python", "-m", "tasks", "serve", NAME, "--port", str(free_port()), *more]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=project.root, env=given, stdout=pipe, stderr=subprocess.STDOUT, text=True)

    try:
        subprocess.run(["python", "-m", "tasks", "record", "--strict"], cwd=project.root, env=given, check=True)
        known = serve_it()
        assert known.stdout is not None
        assert "its code is git's, its weights are DVC's" in next(line for line in known.stdout if NAME in line)
        known.terminate()
        known.communicate(timeout=120)
        [file] = tmp_path.joinpath("artifacts").rglob("_served.py")
        file.write_text(f"open({str(ran)!r}, 'w')\n" + file.read_text())
        refused = serve_it()
        said = refused.communicate(timeout=300)[0]
        assert refused.returncode == 1, said
        assert "_served.py is not tasks/_served.py of the commit" in said
        assert not ran.exists()
    finally:
        server.stop()


@pytest.mark.parametrize(("number", "status_then"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_it_is_served_and_nothing_is_left(project: OwnProject, opened: Opened, number: signal.Signals, status_then: int) -> None:
    port, given = free_port(), project.environment | {"MLFLOW_TRACKING_URI": project.store, "MALMOI_SERVE_TEXTS": "2"}
    log = project.root.parent / "serve.log"
    with open(log, "w") as output:
        command = ["python", "-m", "tasks", "serve", NAME, "--port", str(port)]
        server = subprocess.Popen(command, cwd=project.root, env=given, stdout=output, stderr=output)
    try:
        until = time.monotonic() + 300
        while serving.READY not in log.read_text():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.2)
        assert f"{NAME} version 1: its code is git's, its weights are DVC's" in log.read_text()
        assert len(serving.labels(port, {"inputs": ["정말 좋아요", "너무 나빠요"]})) == 2
        status, reply = serving.ask(port, {"inputs": ["좋아요"] * 3})
        assert (status, "a request may have 2 texts, this one has 3" in str(reply)) == (400, True)
        below = psutil.Process(server.pid).children(recursive=True)
        assert below
    finally:
        server.send_signal(number)
    assert server.wait(60) == status_then
    assert not psutil.wait_procs(below, timeout=30)[1]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("nothing", "there are: classify-reviews"),
        (f"{NAME}/7", f"{NAME} has no version /7; there are: 1 \\(@champion is 1"),
        (f"{NAME}@x", "@x"),
    ],
)
def test_a_model_that_is_not_there_is_said(opened: Opened, model: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said), _claims.claim(_tracking.store(), model):
        raise AssertionError("it is not there")
