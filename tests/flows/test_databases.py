"""PostgreSQL as deploy/compose.yaml starts it: both databases are there, for the drivers by which Prefect and MLflow reach them."""

import asyncio
import configparser
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import compose
import pytest
from ports import free_port
from postgres import person, programs
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
GIVEN = compose.secret()
SERVICES = compose.services(GIVEN)
QUESTION = text("SELECT current_database()")


@pytest.fixture
def port() -> Iterator[int]:
    """Where it listens."""
    number, bin_folder, user = free_port(), programs(), person()
    folder = Path(tempfile.mkdtemp(prefix="malmoi-databases-", dir="/tmp" if user else None))  # noqa: S108 - TMPDIR may be closed to others
    (folder / "password").write_text(GIVEN["POSTGRES_PASSWORD"])
    if user:
        for path in (folder, folder / "password"):
            shutil.chown(path, user)
    made = ["--pgdata", str(folder / "data"), "--username", "postgres", "--auth", "scram-sha-256", "--pwfile", str(folder / "password")]
    subprocess.run([str(bin_folder / "initdb"), *made], cwd=folder, user=user, check=True, capture_output=True)
    command = [word.replace("5432", str(number)) for word in SERVICES["postgres"].command]
    with open(folder / "log", "w") as log:
        options = ["-c", f"unix_socket_directories={folder}", "-D", str(folder / "data")]
        server = subprocess.Popen([str(bin_folder / command[0]), *command[1:], *options], cwd=folder, user=user, stdout=log, stderr=log)
    try:
        wait(bin_folder, number, folder / "log")
        yield number
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder)


def wait(bin_folder: Path, number: int, log: Path) -> None:
    check = [word.replace("5432", str(number)) for word in SERVICES["postgres"].check]
    until = time.monotonic() + 60
    while subprocess.run([str(bin_folder / check[0]), *check[1:]], capture_output=True, check=False).returncode:
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.2)


async def asked(url: str) -> str:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return str((await connection.execute(QUESTION)).scalar())
    finally:
        await engine.dispose()


def test_both_databases_answer_their_users(port: int) -> None:
    command = [str(programs() / "psql"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-v", "ON_ERROR_STOP=1"]
    environment = os.environ | SERVICES["postgres"].environment | {"PGPASSWORD": GIVEN["POSTGRES_PASSWORD"]}
    done = subprocess.run(
        [*command, "-f", str(ROOT / "deploy/databases.sql")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    by_prefect = SERVICES["prefect"].environment["PREFECT_API_DATABASE_CONNECTION_URL"].replace("5432", str(port))
    assert asyncio.run(asked(by_prefect)) == "prefect"
    by_mlflow = SERVICES["mlflow"].environment["MLFLOW_BACKEND_STORE_URI"].replace("5432", str(port))
    assert make_url(by_mlflow).password == GIVEN["MLFLOW_DATABASE_PASSWORD"]
    engine = create_engine(by_mlflow, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.execute(QUESTION).scalar() == "mlflow"
    engine.dispose()
    settings = configparser.ConfigParser()
    settings.read_string(compose.config("mlflow_login", GIVEN))
    for_login = settings["mlflow"]["database_uri"].replace("5432", str(port))
    assert questioned(for_login) == "mlflow_login"

    # neither user may enter the other's database, or rules the cluster
    mixed = make_url(by_mlflow).set(database="prefect")
    other = make_url(by_prefect).set(database="mlflow", drivername="postgresql+psycopg2")
    for url in (mixed, other, other.set(database="mlflow_login"), other.set(database="postgres")):
        with pytest.raises(OperationalError, match="permission denied for database"):
            questioned(url.render_as_string(hide_password=False))
    rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert questioned(by_mlflow, rights) is False


def questioned(url: str, question: str = str(QUESTION)) -> object:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return connection.execute(text(question)).scalar()
    finally:
        engine.dispose()
