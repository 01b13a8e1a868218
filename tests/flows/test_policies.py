"""deploy/policies against an S3 that enforces them (moto), by what DVC itself asks: who pulls, who pushes, and that nobody deletes."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("reader", "worker", "writer", "mlflow")
BUCKETS = ("malmoi-dvc", "malmoi-mlflow")
OUTSIDE, INSIDE = "elsewhere/x", "files/md5/aa/x"


class Store:
    """An S3 with both buckets, and a user with a key for each policy."""

    def __init__(self, address: str) -> None:
        self.address = address
        for bucket in BUCKETS:
            self.client("root", "root").create_bucket(Bucket=bucket)
        iam = boto3.client("iam", endpoint_url=address, region_name="us-east-1", aws_access_key_id="root", aws_secret_access_key="root")  # noqa: S106
        self.keys = {}
        for name in NAMES:
            iam.create_user(UserName=name)
            policy = (ROOT / f"deploy/policies/{name}.json").read_text(encoding="utf-8")
            iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=policy)
            key = iam.create_access_key(UserName=name)["AccessKey"]
            self.keys[name] = (key["AccessKeyId"], key["SecretAccessKey"])
        self.put("root", "malmoi-dvc", INSIDE)
        self.put("root", "malmoi-mlflow", INSIDE)
        requests.post(f"{address}/moto-api/reset-auth", data="0", timeout=30)  # from here on everybody is asked who they are

    def client(self, key: str, secret: str):  # type: ignore[no-untyped-def]
        return boto3.client("s3", endpoint_url=self.address, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret)

    def put(self, name: str, bucket: str, key: str) -> None:
        self.client(*self.keys.get(name, ("root", "root"))).put_object(Bucket=bucket, Key=key, Body=b"text")

    def may(self, name: str, what: str, bucket: str, key: str = INSIDE) -> bool:
        """Whether a user may get, put, delete (an object), or list."""
        client = self.client(*self.keys[name])
        act = {
            "get": lambda: client.get_object(Bucket=bucket, Key=key),
            "put": lambda: client.put_object(Bucket=bucket, Key=key, Body=b"other"),
            "delete": lambda: client.delete_object(Bucket=bucket, Key=f"{key}-gone"),
            "list": lambda: client.list_objects_v2(Bucket=bucket),
        }[what]
        try:
            act()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("AccessDenied", "403"):
                raise
            return False
        return True


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        yield Store(f"http://127.0.0.1:{server.get_host_and_port()[1]}")
    finally:
        server.stop()


def test_who_may_do_what(store: Store) -> None:
    everything = [(what, bucket) for what in ("list", "get", "put", "delete") for bucket in BUCKETS]
    allowed = {name: {one for one in everything if store.may(name, *one)} for name in NAMES}
    dvc = {(what, "malmoi-dvc") for what in ("list", "get")}
    assert allowed["reader"] == dvc
    assert allowed["worker"] == allowed["writer"] == dvc | {("put", "malmoi-dvc")}
    assert allowed["mlflow"] == {(what, "malmoi-mlflow") for what in ("list", "get", "put", "delete")}


def test_a_worker_writes_where_dvc_keeps_results_and_nowhere_else(store: Store) -> None:
    assert store.may("worker", "put", "malmoi-dvc", "runs/ab/x")
    assert not store.may("worker", "put", "malmoi-dvc", OUTSIDE)
    assert store.may("writer", "put", "malmoi-dvc", OUTSIDE)


def dvc(project: Path, store: Store, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    key, secret = store.keys[name]
    own = {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    given = {one: value for one, value in os.environ.items() if not one.startswith("AWS_")} | own | {"DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=project, env=given, capture_output=True, text=True, timeout=180, check=False)


def test_dvc_pushes_as_a_worker_and_pulls_as_a_reader_who_pushes_nothing(project: Path, store: Store) -> None:
    dvc(project, store, "worker", "remote", "add", "-d", "team", "s3://malmoi-dvc")
    dvc(project, store, "worker", "remote", "modify", "team", "endpointurl", store.address)
    made = dvc(project, store, "worker", "repro", "-q")
    assert made.returncode == 0, made.stderr

    refused = dvc(project, store, "reader", "push", "--run-cache")
    assert refused.returncode != 0
    assert re.search(r"Forbidden|Access ?Denied|403", refused.stdout + refused.stderr)
    pushed = dvc(project, store, "worker", "push", "--run-cache")
    assert pushed.returncode == 0, pushed.stderr

    wanted = (project / "all.txt").read_bytes()
    shutil.rmtree(project / ".dvc/cache")
    (project / "all.txt").unlink()
    pulled = dvc(project, store, "reader", "pull", "--run-cache")
    assert pulled.returncode == 0, pulled.stderr
    assert (project / "all.txt").read_bytes() == wanted


def test_no_policy_gives_more_than_the_actions_that_it_names() -> None:
    for path in (ROOT / "deploy/policies").glob("*.json"):
        for statement in json.loads(path.read_text(encoding="utf-8"))["Statement"]:
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            assert all(re.fullmatch(r"s3:[A-Za-z]+", action) for action in actions), path
