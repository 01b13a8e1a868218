"""`report` shows behaviour.json of the experiments that have one, every text escaped."""

import json
from pathlib import Path

from evaluated import CLASSIFIERS, LANGUAGE_MODELS, write

from tasks import compare, report

TEST = {
    "kind": "minimum",
    "about": "plain praise",
    "rate": 0.25,
    "examples": [{"before": "<b>정말</b> 좋다", "after": None, "answers": [{"label": "bad", "probability": 0.9}]}],
}


def test_the_page_shows_behaviour_where_it_was_tested(tmp_path: Path) -> None:
    out = write(tmp_path / "out")
    tested = out / "evaluate" / "bills-okt-bow" / "behaviour.json"
    tested.write_text(json.dumps({"tests": {"plain_praise": TEST}, "rate": 0.25}), encoding="utf-8")
    compare.run(out / "evaluate", out / "train", tmp_path / "dvc.yaml", out / "compare")
    read = {name: out / name for name in ("compare", "evaluate", "train", "ingest", "promote")}
    read["promote"].mkdir()
    (read["promote"] / "decisions.json").write_text("{}")
    report.run(**read, out=out / "report")
    page = (out / "report" / "index.html").read_text(encoding="utf-8")
    assert page.count("<h4>Behaviour</h4>") == 1 < len(CLASSIFIERS) + len(LANGUAGE_MODELS)
    shown = page.split("<h4>Behaviour</h4>")[1]
    assert "plain praise (25.0%)" in shown
    assert "&lt;b&gt;정말&lt;/b&gt; 좋다" in shown
    assert "<b>정말</b>" not in page
