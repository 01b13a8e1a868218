"""The report: self-contained, escaped, readable, the same bytes; and once in a real browser."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from evaluated import BILLS, write

from tasks import compare, promote, report

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
VOID = {"meta", "link", "br"}


class Outline(HTMLParser):
    """What the page holds: open tags (to see that all are closed), attributes, ids, targets of links inside the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag


def made(out: Path) -> Path:
    """Run compare, promote and report on a finished `out/`; the page."""
    compare.run(out / "evaluate", out / "train", out.parent / "dvc.yaml", out / "compare")
    promote.run(out / "compare", out / "evaluate", out / "train", out / "promote")
    read = {name: out / name for name in ("compare", "evaluate", "train", "ingest", "promote")}
    report.run(**read, out=out / "report")
    return out / "report" / "index.html"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(write(tmp_path_factory.mktemp("reported") / "out"))


@pytest.fixture(scope="module")
def page(index: Path) -> str:
    return index.read_text(encoding="utf-8")


def test_nothing_is_loaded(page: str) -> None:
    loads = {"src", "srcset", "data", "action", "poster", "background", "xlink:href"}
    for tag, attributes in Outline(page).tags:
        assert not loads & set(attributes), f"<{tag}> loads something"
        if tag != "a" and "href" in attributes:
            assert attributes["href"] == "data:,"
    assert not re.search(r"url\(|@import|<script|<iframe|<img", page)
    assert "default-src 'none'" in page


def test_markup_is_closed_and_links_lead_somewhere(page: str) -> None:
    outline = Outline(page)
    assert outline.stack == []
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = {str(attributes["href"])[1:] for tag, attributes in outline.tags if tag == "a" and str(attributes["href"]).startswith("#")}
    assert {"classify-bills", "language-model-law", "corpus-wiki", "data-polarity"} <= inside <= set(ids)


def test_text_is_escaped(page: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page  # a dropped row
    assert "&lt;unk&gt; century &amp; became" in page  # generated text
    assert "&lt;b&gt;old&lt;/b&gt;" in page
    assert "Bills &amp; sentences" in page
    assert '<a href="https://example.org/corpus?a=1&amp;b=2" rel="noreferrer">' in page


def test_everything_that_people_ask_for_is_there(page: str) -> None:
    for text in ("Learning curves", "Perplexity by position", "What is taken for what", "Generated text", "Ranked apart: komoran", "Data"):
        assert text in page
    assert all(label in page for label in BILLS)
    assert "The networks did not beat this baseline" in page
    assert 'aria-label="bills-gru: ' in page
    assert '<blockquote lang="ko"><b>대한민국은 </b>모든 국민의' in page
    assert page.count('class="scale"><svg') == 12
    assert "prefers-color-scheme: dark" in page


def test_drawings_and_header_cells_can_be_read_aloud(page: str) -> None:
    for tag, attributes in Outline(page).tags:
        if tag == "svg":
            assert attributes.get("aria-label") or attributes.get("aria-hidden") == "true"
        if tag == "th":
            assert attributes["scope"] in ("row", "col")


def test_the_same_results_give_the_same_page(index: Path, tmp_path: Path) -> None:
    assert made(write(tmp_path / "out")).read_bytes().replace(str(tmp_path).encode(), b"") == index.read_bytes()


def test_a_corpus_of_many_classes_shows_mistakes_instead_of_a_matrix() -> None:
    from malmoi._page.tables import confusion

    pairs = [(f"c{place}", f"c{place}") for place in range(31)] + [("c1", "c2")] * 2 + [("c3", "c1")]
    many = confusion("many", pairs)
    assert many.labels == []
    assert many.mistakes == [("c1", "c2", 2), ("c3", "c1", 1)]
    few = confusion("few", [("a", "a"), ("a", "b"), ("a", "b"), ("b", "b")])
    assert few.cells == [[(1, pytest.approx(1 / 3)), (2, pytest.approx(2 / 3))], [(0, 0.0), (1, 1.0)]]


def test_only_web_addresses_become_links() -> None:
    from malmoi._page.tables import links

    assert links("https://example.org/corpus")
    assert not links("javascript:alert(1)")
    assert not links("https://example.org is where it is from")


def measured(out: Path) -> Path:
    """out/intrinsic with two entries that are switched on and one that is not, and the rates of two tokenizers."""
    about = {"corpus": "law", "language": "ko", "features": "law-word2vec", "tokenizer": {"name": "okt"}, "feature": {"kind": "word2vec"}}
    score = {"spearman": -0.125, "low": -0.25, "high": None, "covered": 181, "asked": 999}
    files = {
        "metrics.json": json.dumps({"tokens": {}, "simlex": score | {"high": 0.5}, "bits": {"bits_per_character": 3.25, "order": 5}}),
        "neighbours.csv": "word,token,rank,neighbour,similarity\n국회,국회,1,<i>의원,0.912\n국회,국회,2,법원,0.5\nzebra,,,,\n",
        "analogies.csv": "section,asked,covered,right,accuracy\nfamily,506,30,3,0.1\ncurrency,866,0,0,\n",
        "map.csv": "word,x,y,size,anchor\n헌법,100.5,20,19,start\n의<원,300,400,11,\n",
    }
    for name in ("law-vectors", "switched-off"):
        (out / "intrinsic" / name).mkdir(parents=True)
        (out / "intrinsic" / name / "about.json").write_text(json.dumps(about | {"entry": name}))
        for file, text in files.items():
            (out / "intrinsic" / name / file).write_text(text, encoding="utf-8")
    (out / "intrinsic/bare").mkdir()
    (out / "intrinsic/bare/about.json").write_text(json.dumps(about | {"entry": "bare"}))
    empty = {"pearson": None, "low": None, "high": None, "covered": 0, "asked": 1225}
    (out / "intrinsic/bare/metrics.json").write_text(json.dumps({"tokens": {}, "documents": empty}))
    row = {"name": "law-okt", "corpus": "law", "language": "ko", "tokenizer": "okt (norm)", "lossless": False, "vocabulary": 1182}
    row |= {"tokens_per_eojeol": 2.345, "characters_per_token": 1.9, "type_token_ratio": 0.37, "unknown_rate": None, "failed": 0}
    (out / "intrinsic/rates").mkdir()
    (out / "intrinsic/rates/rates.json").write_text(json.dumps({"intrinsic": ["bare", "law-vectors"], "tokens": [row]}))
    grade = {"corpus": "law", "tokenizer": "kiwi", "options": {"pos": True}, "lossless": False, "vocabulary": 999, "fertility": 1.5}
    (out / "grades/law-kiwi").mkdir(parents=True)
    (out / "grades/law-kiwi/grade.json").write_text(
        json.dumps(grade | {"unknown_rate": 0.5, "accuracy": None, "bits_per_character": 4.125})
    )
    (out / "grades/law-kiwi/speed.json").write_text(json.dumps({"sentences_per_second": 12345.6, "peak_mb": 321.0}))
    (out / "grades/switched-on").mkdir()
    (out / "grades/switched-on/grades.json").write_text('["law-kiwi"]')
    return out / "intrinsic"


def test_word_vectors_and_tokenizers_have_a_section(index: Path, page: str, tmp_path: Path) -> None:
    assert "Word vectors and tokenizers" not in page  # nothing was measured there
    out = index.parents[1]
    read = {name: out / name for name in ("compare", "evaluate", "train", "ingest", "promote")}
    report.run(**read, intrinsic=measured(tmp_path), grades=tmp_path / "grades", out=tmp_path / "report")
    found = (tmp_path / "report/index.html").read_text(encoding="utf-8")
    outline = Outline(found)
    assert outline.stack == []
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {"vectors", "vectors-law-vectors", "vectors-bare", "rates", "grades"} <= set(ids)
    assert "switched-off" not in found
    for text in (
        "−0.125",
        "−0.250 to 0.500",
        "181 of 999 covered",
        "3.250",
        "order 5",
        "1 of 2 sections covered",
        "1,182",
        "2.35",
        "law-kiwi: kiwi (pos)",
        "12,346",
        "4.125",
    ):
        assert text in found
    assert "&lt;i&gt;의원 <small>0.91</small>, 법원" in found
    assert "not in the vocabulary" in found
    assert ">헌법</text>" in found
    assert "<title>의&lt;원</title>" in found
    assert all(attributes.get("aria-label") or attributes.get("aria-hidden") for tag, attributes in outline.tags if tag == "svg")


def test_results_of_a_missing_stage_are_named(tmp_path: Path) -> None:
    from malmoi.config import ConfigError

    out = write(tmp_path / "out")
    compare.run(out / "evaluate", out / "train", out.parent / "dvc.yaml", out / "compare")
    read = {name: out / name for name in ("compare", "evaluate", "train", "ingest", "promote")}
    with pytest.raises(ConfigError, match=r"decisions\.json: no such file"):
        report.run(**read, out=out / "report")
    assert json.loads((out / "compare" / "leaderboard.json").read_text(encoding="utf-8"))


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")
def test_a_browser_shows_hangul_and_reports_no_error(index: Path, tmp_path: Path) -> None:
    asked = [str(BROWSER), *QUIET, f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--dump-dom", index.as_uri()]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=True)
    assert "대한민국은" in done.stdout
    assert all(label in done.stdout for label in BILLS)
    assert done.stdout.count("<svg") > 20
    assert "CONSOLE" not in done.stderr, done.stderr
