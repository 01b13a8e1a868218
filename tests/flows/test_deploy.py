"""deploy/ and docs/several-machines.md: every command exists and takes what it is given, and what they say of each other is so."""

import re
import subprocess
import sys
from pathlib import Path

import compose
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GIVEN = compose.secret()
SERVICES = compose.services(GIVEN)
PAGE = (ROOT / "docs/several-machines.md").read_text(encoding="utf-8")


def modules(text: str) -> set[str]:
    return set(re.findall(r"python -m ((?:flows|tasks)[.\w]*)", text))


def test_the_example_names_every_variable_and_no_other() -> None:
    text = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == set(compose.example())


def test_no_password_is_on_a_command_line() -> None:
    said = " ".join(word for service in SERVICES.values() for word in [*service.command, *service.check])
    assert "secret" not in said


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres", "accounts"}))
def test_nothing_phones_home(name: str) -> None:
    wanted = {
        "DO_NOT_TRACK": "true",
        "DVC_NO_ANALYTICS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    assert wanted.items() <= SERVICES[name].environment.items()


def test_every_module_that_is_named_is_there() -> None:
    commands = " ".join(word for service in SERVICES.values() for word in [*service.command, *service.check])
    named = modules(PAGE) | modules(commands)
    assert {"flows.serve", "flows.worker", "flows.roster", "tasks"} <= named
    missing = [name for name in named if not list(ROOT.glob(f"{name.replace('.', '/')}.py")) and name != "tasks"]
    assert missing == []


def test_every_file_that_the_page_names_is_there() -> None:
    made = {"deploy/.env", "deploy/git_key", "deploy/known_hosts", "deploy/certificates"}
    named = set(re.findall(r"`(?:python3 )?(deploy/[\w./]+)`", PAGE)) - made
    assert {"deploy/compose.yaml", "deploy/databases.sql", "deploy/policies/reader.json", "deploy/prepare.py"} <= named
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert {"/.env", "/git_key", "/known_hosts", "/certificates/"} <= set(
        (ROOT / "deploy/.gitignore").read_text(encoding="utf-8").splitlines()
    )


def test_services_that_the_page_talks_to_are_there() -> None:
    talked = set(re.findall(r"docker compose (?:exec|restart) (\w+)", PAGE)) | set(re.findall(r"--scale (\w+)=", PAGE))
    assert talked == {"coordinator", "worker"}
    assert talked < set(SERVICES)


@pytest.mark.parametrize("service", ["scheduler", "mlflow", "prefect"])
def test_options_of_others_commands(service: str) -> None:
    command = SERVICES[service].command
    words = command[: 3 if service == "prefect" else 2]
    program = str(Path(sys.executable).parent / words[0])
    done = subprocess.run([program, *words[1:], "--help"], capture_output=True, text=True, timeout=300, check=True)
    given = {word for word in command if word.startswith("--")}
    assert given
    assert given <= set(re.findall(r"--[\w-]+", done.stdout))


def test_settings_of_prefect() -> None:
    from prefect.settings import get_current_settings
    from prefect.settings.legacy import _get_settings_fields

    known = _get_settings_fields(type(get_current_settings()))
    named = {name for service in SERVICES.values() for name in service.environment if name.startswith("PREFECT_")} - {
        "PREFECT_DATABASE_PASSWORD"  # PostgreSQL's
    }
    assert len(named) == 6
    assert [name for name in named if name not in known] == []


@pytest.mark.parametrize(("module", "arguments"), [("flows.serve", []), ("flows.worker", ["URL"]), ("flows.roster", ["URL", "--here"])])
def test_what_our_own_commands_take(module: str, arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert [word for word in arguments if word.lower() not in done.stdout] == []


def test_the_image_has_what_it_copies() -> None:
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) ", text, re.MULTILINE)
    kept = re.findall(r"^!(\S+)$", (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(copied) | {"deploy/mlflow_login.py", "deploy/mlflow_accounts.py"} == set(kept)
    assert set(kept) >= {"requirements-run.lock", "flows/install.py"}
    assert [name for name in copied if not (ROOT / name).is_file()] == []
    file = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    assert (ROOT / "deploy" / file["x-malmoi"]["build"]["context"] / file["x-malmoi"]["build"]["dockerfile"]).resolve().is_file()


def test_images_are_known_by_their_digests_alone() -> None:
    file = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    assert file["services"]["postgres"]["image"] == "postgres:17@${POSTGRES_DIGEST:?}"
    built = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (.*)$", built, re.MULTILINE) == ["python:3.11-slim@${PYTHON_DIGEST}"]
    assert file["x-malmoi"]["build"]["args"] == {"PYTHON_DIGEST": "${PYTHON_DIGEST:?}"}


def test_who_gets_which_secret() -> None:
    holders = {name: {value for value in service.environment.values() if "secret" in value} for name, service in SERVICES.items()}

    def having(variable: str) -> set[str]:
        return {name for name, values in holders.items() if any(GIVEN[variable] in value for value in values)}

    assert having("POSTGRES_PASSWORD") == {"postgres"}
    assert having("PREFECT_DATABASE_PASSWORD") == {"postgres", "prefect"}
    assert having("MLFLOW_DATABASE_PASSWORD") == {"postgres", "mlflow"}
    assert having("MLFLOW_ADMIN_PASSWORD") == {"mlflow", "accounts"}
    assert having("MLFLOW_WRITER_PASSWORD") == {"accounts", "coordinator", "worker"}
    assert having("MLFLOW_S3_KEY_ID") == having("MLFLOW_S3_KEY") == {"mlflow"}
    assert having("AWS_ACCESS_KEY_ID") == having("AWS_SECRET_ACCESS_KEY") == {"coordinator"}
    assert having("WORKER_S3_KEY_ID") == having("WORKER_S3_KEY") == {"worker"}
    assert having("PREFECT_LOGIN_PASSWORD") == {"prefect", "coordinator"}


def test_a_git_server_that_is_not_known_is_not_believed() -> None:
    for name in ("coordinator", "worker"):
        said = SERVICES[name].environment["GIT_SSH_COMMAND"]
        assert "StrictHostKeyChecking=yes" in said
        assert "UserKnownHostsFile=/run/secrets/known_hosts" in said


def test_each_service_has_the_certificates_that_it_shows_and_no_other_key() -> None:
    file = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    wanted = {"scheduler": {"scheduler"}, "worker": {"worker"}, "coordinator": {"client"}}
    for name, roles in wanted.items():
        mounted = [one for one in file["services"][name]["secrets"] if isinstance(one, dict)]
        assert {one["source"] for one in mounted} == {"ca", *(f"{role}_{kind}" for role in roles for kind in ("certificate", "key"))}
        assert all(one["source"] in file["secrets"] for one in mounted)
    assert "ca.key" not in (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
