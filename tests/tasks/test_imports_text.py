"""The text stages import no heavy package that they do not use. What is imported is measured, not how long it takes."""

import json
import subprocess
import sys
import textwrap

import pytest

from malmoi import rows
from malmoi.rows import Example

HEAVY = {"konlpy", "jpype", "tensorflow", "keras", "sklearn", "pandas", "gensim", "mlflow", "dvc", "prefect", "matplotlib", "statsmodels"}
PARAMS = {
    "tokens": {
        **{name: {"corpus": "tiny", "tokenizer": name} for name in ("whitespace", "characters", "words", "okt", "komoran")},
    },
    "features": {
        "sequence": {"corpus": "tiny", "tokens": "tiny", "kind": "sequence"},
        "counts": {"corpus": "tiny", "tokens": "tiny", "kind": "counts", "options": {"weights": "tfidf", "ngrams": [1, 2]}},
    },
}
WRITING = {"pandas"}  # pyarrow imports it when Python lists become Parquet
CODE = """
    import json, sys
    from tasks.__main__ import main
    status = main(sys.argv[1:])
    sys.stderr.write(json.dumps([status, sorted(name for name in sys.modules if "." not in name)]))
"""


def _imported(*arguments):
    command = [sys.executable, "-c", textwrap.dedent(CODE), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    status, modules = json.loads(ended.stderr.splitlines()[-1])
    assert status == 0, ended.stderr
    return HEAVY & set(modules)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("imports")
    (place / "tiny").mkdir()
    (place / "tiny/card.json").write_text('{"language": "ko"}', encoding="utf-8")
    for split in rows.SPLITS:
        rows.write_examples(place / f"tiny/{split}.parquet", [Example("1", "말을 모으다", "가"), Example("2", "글을 쓰다", "나")])
    (place / "tiny.yaml").write_text(json.dumps(PARAMS), encoding="utf-8")
    return place


def _tokens(place, name):
    return _imported("tokens", name, "--params", place / "tiny.yaml", "--corpus", place / "tiny", "--out", place / f"tokens-{name}")


@pytest.mark.parametrize("name", ["whitespace", "characters", "words"])
def test_plain_tokenizers_import_nothing_heavy(place, name):
    assert _tokens(place, name) - WRITING == set()


@pytest.mark.parametrize("name", ["okt", "komoran"])
def test_analyzers_leave_java_to_their_workers(place, name):
    assert _tokens(place, name) - WRITING == set()


@pytest.mark.parametrize("name", ["sequence", "counts"])
def test_features_import_nothing_heavy(place, name):
    _tokens(place, "characters")
    tokens = place / "tokens-characters"
    assert _imported("features", name, "--params", place / "tiny.yaml", "--tokens", tokens, "--out", place / f"features-{name}") == set()


@pytest.mark.parametrize("stage", ["tokens", "features"])
def test_help_needs_no_package_at_all(stage):
    code = f"import sys; from tasks.__main__ import main\ntry: main(['{stage}', '--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout.split()
    assert "usage:" in modules
    assert not {"numpy", "pyarrow", "scipy", "pydantic", *HEAVY} & set(modules)
