"""The environment of a stage: what it needs of this process's, and none of its secrets.

A stage is code that came with a commit, and what it prints is kept. Keys of the object store or Prefect's login are none of its business.
It gets the names below (except those that speak of passwords, tokens, keys or certificates, and addresses that hold a login), those in
`MALMOI_STAGE_ENV` (NAME,NAME or PREFIX_*), and those that its `meta: {environment: [NAME, ...]}` in dvc.yaml asks for. This keeps secrets
out of what a stage prints, logs or hands on; a stage that means harm runs as the same user, and can look for them elsewhere.
"""

import os
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl, urlsplit

MORE = "MALMOI_STAGE_ENV"  # names that every stage gets besides
PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLUMNS", "NO_COLOR", "TMPDIR", "TMP", "TEMP", "XDG_*"),
    *("LANG", "LANGUAGE", "LC_*", "TZ"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHON*", "JAVA_HOME", "JAVA_TOOL_OPTIONS", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"),
    *("TF_*", "XLA_*", "OMP_*", "KMP_*", "MKL_*", "OPENBLAS_*", "KERAS_*", "CUDA_*", "NVIDIA_*", "MALLOC_*", "TOKENIZERS_PARALLELISM"),
    *("MALMOI_*", "MLFLOW_*", "DVC_*", "DO_NOT_TRACK"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_*", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
WORDS = r"PASS(WORD|WD|PHRASE)?|TOKEN|SECRET|KEY|KEYFILE|APIKEY|CREDENTIAL|AUTH|WEBHOOK|USERNAME|CERTIFICATE"
SECRET = re.compile(rf"(^|[_.-])({WORDS})S?\d*($|[_.-])", re.IGNORECASE)  # one of these words anywhere in a name
HARMLESS = ("MALMOI_TOKEN_CACHE", "MALMOI_TOKEN_CACHE_MB")  # tokens of a text, which nobody need hide
PROXY = re.compile(r"_proxy$", re.IGNORECASE)  # nothing is reached without what it says, a login or not


def passed(given: Mapping[str, str], asked: Iterable[str] = ()) -> dict[str, str]:
    """What a stage gets of the environment `given`. asked: names of its `meta:`.

    >>> passed({"LANG": "C.UTF-8", "AWS_SECRET_ACCESS_KEY": "x", "MLFLOW_TRACKING_PASSWORD": "x"})
    {'LANG': 'C.UTF-8'}
    >>> passed({"MLFLOW_TRACKING_PASSWORD": "x"}, ["MLFLOW_TRACKING_PASSWORD"])
    {'MLFLOW_TRACKING_PASSWORD': 'x'}
    """
    named = [*asked, *(name.strip() for name in given.get(MORE, "").split(",") if name.strip())]
    return {name: value for name, value in given.items() if _matches(name, named) or _harmless(name, value)}


def withheld(extra: Iterable[str] = ()) -> set[str]:
    """Names of this process's environment that a stage does not get."""
    return set(os.environ) - set(passed(os.environ, extra))


def _harmless(name: str, value: str) -> bool:
    if not _matches(name, PASSED) or (SECRET.search(name) and name not in HARMLESS):
        return False
    return bool(PROXY.search(name)) or not _holds_login(value)


def _holds_login(value: str) -> bool:
    """Whether an address has a name or a password before its host, or a secret in its query; also where it is not well formed.

    >>> _holds_login("http://127.0.0.1:5000"), _holds_login("http://me:a/b@host"), _holds_login("postgresql:///d?password=x")
    (False, True, True)
    """
    if "://" not in value:
        return False
    try:
        parts = urlsplit(value)
        where, query, _ = parts.netloc, parts.query, parts.port  # a password with a slash in it leaves half of itself as the port
    except ValueError:
        return True
    return "@" in where or any(SECRET.search(name) for name, _ in parse_qsl(query, keep_blank_values=True))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
