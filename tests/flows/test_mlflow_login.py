"""MLflow's server as deploy/compose.yaml starts it, with SQLite in PostgreSQL's place: who may read, who may write, and nobody else."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compose
import pytest
import requests
import yaml
from ports import free_port

pytestmark = [pytest.mark.server, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
GIVEN = compose.secret()
ADMIN, WRITER, READER = ((name, GIVEN[f"MLFLOW_{name.upper()}_PASSWORD"]) for name in ("admin", "writer", "reader"))
THIRD = {"username": "third", "password": "0123456789abcdef"}
WRITE = """
import mlflow
mlflow.set_experiment("board")
with mlflow.start_run() as run:
    mlflow.log_metric("accuracy", 0.5)
    mlflow.log_text("text", "note.txt")
client = mlflow.MlflowClient()
client.create_registered_model("classify")
client.create_model_version("classify", f"{run.info.artifact_uri}/model", run_id=run.info.run_id, await_creation_for=0)
client.set_registered_model_alias("classify", "champion", "1")
"""
READ = """
import mlflow
runs = mlflow.search_runs(experiment_names=["board"])
print(mlflow.artifacts.load_text(f"{runs.artifact_uri[0]}/note.txt"), runs["metrics.accuracy"][0])
print(mlflow.MlflowClient().get_model_version_by_alias("classify", "champion").version)
"""


class Login:
    """The server, and who asks it."""

    def __init__(self, folder: Path) -> None:
        self.folder, port = folder, free_port()
        service = compose.services(GIVEN)["mlflow"]
        self.address = f"http://127.0.0.1:{port}"
        swapped = {"5000": str(port), GIVEN["MALMOI_ADDRESS"]: "127.0.0.1", f"{GIVEN['MALMOI_ADDRESS']}:5000": f"127.0.0.1:{port}"}
        command = [swapped.get(word, word) for word in service.command]
        command[command.index("--artifacts-destination") + 1] = str(folder / "artifacts")
        lines = compose.config("mlflow_login", GIVEN).splitlines()
        lines = [f"database_uri = sqlite:///{folder}/login.db" if line.startswith("database_uri") else line for line in lines]
        (folder / "login.ini").write_text("\n".join(lines))
        own = {"MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db", "MLFLOW_AUTH_CONFIG_PATH": str(folder / "login.ini")}
        paths = os.pathsep.join(filter(None, [str(ROOT / "deploy"), os.environ.get("PYTHONPATH", "")]))
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        given = os.environ | service.environment | own | {"PYTHONPATH": paths, "PATH": path}
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=given, stdout=log, stderr=log, start_new_session=True)

    def wait(self) -> None:
        until = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/health", timeout=5).close()  # compose's own check
                return
            except OSError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < until, (self.folder / "log").read_text()
                time.sleep(0.3)

    def accounts(self) -> str:
        """deploy/mlflow_accounts.py, as compose runs it."""
        given = os.environ | compose.services(GIVEN)["accounts"].environment | {"MLFLOW_TRACKING_URI": self.address}
        script = [sys.executable, str(ROOT / "deploy/mlflow_accounts.py")]
        done = subprocess.run(script, env=given, capture_output=True, text=True, timeout=120, check=False)
        return done.stdout + done.stderr

    def python(self, code: str, name: str, password: str) -> "subprocess.CompletedProcess[str]":
        login = {"MLFLOW_TRACKING_URI": self.address, "MLFLOW_TRACKING_USERNAME": name, "MLFLOW_TRACKING_PASSWORD": password}
        given = os.environ | login | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_DISABLE_TELEMETRY": "true"}
        return subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, timeout=180, check=False)

    def ask(self, path: str, login: tuple[str, str] | None = None, body: dict[str, Any] | None = None) -> int:
        """The status of a question, or of a command where there is a body."""
        address = f"{self.address}/api/2.0/mlflow/{path}"
        if body is None:
            return requests.get(address, auth=login, timeout=60).status_code
        return requests.post(address, json=body, auth=login, timeout=60).status_code


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    pytest.importorskip("flask_wtf", reason="MLflow's login needs deploy/requirements-login.lock")
    running = Login(tmp_path_factory.mktemp("login"))
    try:
        running.wait()
        assert running.ask("experiments/create", ADMIN, {"name": "from before there were accounts"}) == 200
        assert running.accounts() == "accounts: writer, reader\n"
        yield running
    finally:
        os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()


def test_the_writer_writes_and_the_reader_reads_it(server: Login) -> None:
    written = server.python(WRITE, *WRITER)
    assert written.returncode == 0, written.stderr
    read = server.python(READ, *READER)
    assert read.stdout == "text 0.5\n1\n", read.stderr


def test_the_reader_writes_nothing(server: Login) -> None:
    assert server.ask("experiments/create", READER, {"name": "mine"}) == 403
    assert server.ask("registered-models/create", READER, {"name": "not-yet-the-writers"}) == 403
    assert server.ask("runs/create", READER, {"experiment_id": "1"}) == 403
    assert server.ask("users/create", READER, THIRD) == 403
    model = f"{server.address}/api/2.0/mlflow-artifacts/artifacts/1/x/artifacts/model.pkl"
    assert requests.put(model, data=b"x", auth=READER, timeout=60).status_code == 403
    assert server.ask("experiments/search", READER, {"max_results": 1}) == 200


def test_nobody_without_a_login_gets_anything(server: Login) -> None:
    question = "experiments/search?max_results=1"
    assert [server.ask(question, login) for login in (None, ("reader", "wrong"), ("admin", "password1234"))] == [401, 401, 401]
    assert server.ask("experiments/create", None, {"name": "x"}) == 401
    assert server.ask(question, READER) == 200
    file = f"{server.address}/api/2.0/mlflow-artifacts/artifacts?path=1"
    assert requests.get(file, timeout=60).status_code == 401


OPEN = ("/health", "/server-info", "/static-files/")  # for those who have not logged in: that it lives, its version, and the pages' script
ASKS = ("/search", "/search-datasets", "/get-history-bulk-interval", "/graphql")


ROUTES = """
import gc, json, re
from fastapi.routing import APIRoute
from mlflow.server import app
from mlflow.server.fastapi_app import create_fastapi_app
kept = create_fastapi_app(app)  # its routers nest, so the routes are taken from what there is
native = [one for one in gc.get_objects() if isinstance(one, APIRoute)]
found = {(method, re.sub("<[^>]+>", "1", str(rule))) for rule in app.url_map.iter_rules() for method in rule.methods}
found |= {(method, re.sub("{[^}]+}", "1", one.path)) for one in native for method in one.methods}
print(json.dumps(sorted(one for one in found if one[0] not in ("HEAD", "OPTIONS"))))
"""


def test_of_all_that_the_server_answers_to_nothing_is_open_and_the_reader_changes_nothing(server: Login) -> None:
    every = json.loads(server.python(ROUTES, *READER).stdout)  # method and path, from MLflow's own tables
    assert len(every) > 400
    with requests.Session() as session:
        for method, path in every:
            body = None if method == "GET" else {}
            nobody = session.request(method, server.address + path, json=body, timeout=60, allow_redirects=False).status_code
            assert nobody == 401 or any(part in path for part in OPEN), (method, path, nobody)
            if method != "GET" and not path.endswith(ASKS):
                reader = session.request(method, server.address + path, json=body, auth=READER, timeout=60, allow_redirects=False)
                assert reader.status_code == 403, (method, path, reader.status_code)


def test_an_upload_whose_name_looks_like_a_question_is_refused(server: Login) -> None:
    for path in ("evil/search", "1/search", "models/search", "1/models/m-1/artifacts/search"):
        upload = f"{server.address}/api/2.0/mlflow-artifacts/mpu/create/{path}"
        assert requests.post(upload, json={"path": path, "num_parts": 1}, auth=READER, timeout=60).status_code == 403


def test_only_the_administrator_makes_accounts(server: Login) -> None:
    assert server.ask("users/create", WRITER, THIRD) == 403


def test_making_the_accounts_again_changes_nothing_and_gives_the_writer_what_was_there(server: Login) -> None:
    assert server.accounts() == "accounts: writer, reader\n"
    assert server.ask("runs/create", WRITER, {"experiment_id": "1"}) == 200


def test_a_stage_that_tracks_logs_in_and_another_one_cannot(server: Login, project: Path) -> None:
    train = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["train"]
    asked = train.get("do", train)["meta"]["environment"]
    command = "python -c \"import mlflow; mlflow.set_experiment('by a stage'); mlflow.start_run(); mlflow.log_metric('loss', 1)\""
    stages = {
        "tracks": {"cmd": f"{command} && touch tracks.txt", "outs": ["tracks.txt"], "meta": {"environment": asked}},
        "other": {"cmd": f"{command} && touch other.txt", "outs": ["other.txt"]},
    }
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    login = {"MLFLOW_TRACKING_URI": server.address, "MLFLOW_TRACKING_USERNAME": WRITER[0], "MLFLOW_TRACKING_PASSWORD": WRITER[1]}
    given = os.environ | login | {"PYTHONPATH": str(ROOT), "SHELL": "/bin/sh", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    run = [sys.executable, "-m", "flows.local", "--keep-going"]
    done = subprocess.run(run, cwd=project, env=given, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stdout
    assert (project / "tracks.txt").exists(), done.stdout + done.stderr
    assert not (project / "other.txt").exists()
    assert "401" in done.stdout + done.stderr
    assert server.ask("experiments/get-by-name?experiment_name=by%20a%20stage", READER) == 200
