"""Stages get what they need of the environment, and no secret that the shell around them holds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flows.stage_environment import passed

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "AWS_ACCESS_KEY_ID": "s3cret",
    "AWS_SECRET_ACCESS_KEY": "s3cret",
    "PREFECT_API_AUTH_STRING": "team:s3cret",
    "POSTGRES_PASSWORD": "s3cret",
    "MALMOI_WEBHOOK": "https://hooks.example.org/s3cret",
    "MLFLOW_TRACKING_USERNAME": "s3cret",
    "MLFLOW_TRACKING_PASSWORD": "s3cret",
    "MLFLOW_TRACKING_TOKEN": "s3cret",
    "MLFLOW_TRACKING_URI": "http://writer:s3cret@127.0.0.1:9",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "s3cret",
    "MLFLOW_BACKEND_STORE_URI": "postgresql://mlflow:s3cret@127.0.0.1/mlflow",
    "DVC_STUDIO_TOKEN": "s3cret",
    "SOMETHING_MADE_UP": "s3cret",
}
NEEDED = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "Asia/Seoul",
    "JAVA_HOME": "/java",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "MALMOI_TOKEN_CACHE": "off",
    "MALMOI_TRACKING_DELAY": "2",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "1",
    "http_proxy": "http://name:password@127.0.0.1:9",
    "SSL_CERT_FILE": "/certificates.pem",
}
STAGES = """\
stages:
  plain:
    cmd: env > plain.txt
    outs: [plain.txt]
  tracked:
    cmd: env > tracked.txt
    meta: {environment: [MLFLOW_TRACKING_URI, MLFLOW_TRACKING_PASSWORD]}
    outs: [tracked.txt]
"""


def seen(project: Path, name: str) -> dict[str, str]:
    lines = (project / f"{name}.txt").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def run(project: Path, **more: str) -> None:
    (project / "dvc.yaml").write_text(STAGES)
    given = os.environ | {"PYTHONPATH": str(ROOT), "SHELL": "/bin/sh"} | SECRETS | NEEDED | more
    command = [sys.executable, "-m", "flows.local"]
    done = subprocess.run(command, cwd=project, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_secret_reaches_a_stage_and_what_it_needs_does(project: Path) -> None:
    run(project)
    plain = seen(project, "plain")
    assert {name for name, value in plain.items() if "s3cret" in value} == set()
    assert {name: plain.get(name) for name in NEEDED} == NEEDED
    assert plain["DVC_STAGE"] == "plain"
    assert {"PATH", "HOME", "PYTHONPATH", "PYTHONUNBUFFERED", "MALMOI_RUN", "DVC_ROOT"} <= set(plain)


def test_a_stage_that_tracks_gets_what_its_meta_names(project: Path) -> None:
    run(project)
    tracked = seen(project, "tracked")
    assert {name for name, value in tracked.items() if "s3cret" in value} == {"MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_PASSWORD"}


def test_a_person_may_add_names(project: Path) -> None:
    run(project, MALMOI_STAGE_ENV="SOMETHING_MADE_UP, AWS_*")
    wanted = {"SOMETHING_MADE_UP", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert {name for name, value in seen(project, "plain").items() if "s3cret" in value} == wanted


@pytest.mark.parametrize("value", ["sqlite:///mlflow.db", "http://127.0.0.1:5000", "sqlite:////home/me@work/mlflow.db"])
def test_an_address_without_a_login_is_no_secret(value: str) -> None:
    assert passed({"MLFLOW_TRACKING_URI": value}) == {"MLFLOW_TRACKING_URI": value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_TRACKING_URI", "http://writer:s3/cret@127.0.0.1:9"),  # a slash in the password
        ("MLFLOW_BACKEND_STORE_URI", "postgresql:///mlflow?user=mlflow&password=s3cret"),
        ("MALMOI_MIRROR", "https://mirror.example.org/?token=s3cret"),
        ("MALMOI_MIRROR", "https://[s3cret@mirror.example.org/"),  # not well formed: rather not
        ("MALMOI_WEBHOOK_URL", "https://hooks.example.org/s3cret"),
        ("MALMOI_API_KEY_2", "s3cret"),
        ("MLFLOW_GATEWAY_KEYS", "s3cret"),
        ("MLFLOW_TRACKING_PASSWORDS", "s3cret"),
        ("DVC_SECRETS", "s3cret"),
        ("MALMOI_CERTIFICATES", "/run/certificates"),
    ],
)
def test_a_secret_of_another_form_is_withheld_and_can_be_asked_for(name: str, value: str) -> None:
    assert passed({name: value}) == {}
    assert passed({name: value}, [name]) == {name: value}


@pytest.mark.parametrize("name", ["MALMOI_TOKEN_CACHE", "MALMOI_TOKEN_CACHE_MB", "TOKENIZERS_PARALLELISM"])
def test_tokens_of_a_text_are_no_secret(name: str) -> None:
    assert passed({name: "1"}) == {name: "1"}


def test_of_this_projects_stages_only_train_gets_the_login_of_mlflow() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    asked = {name: (stage.get("do", stage).get("meta") or {}).get("environment") for name, stage in stages.items()}
    assert [name for name, names in asked.items() if names] == ["train"]
    assert set(passed(SECRETS, asked["train"])) == {f"MLFLOW_TRACKING_{one}" for one in ("URI", "USERNAME", "PASSWORD", "TOKEN")}
