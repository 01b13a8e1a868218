"""`__label__name text` lines."""

from pathlib import Path

from malmoi.corpora import fasttext_labels
from malmoi.corpora.fasttext_labels import Params
from malmoi.rows import Dropped, Example


def test_labels_are_taken_off_and_other_lines_dropped(tmp_path: Path) -> None:
    path = tmp_path / "polarity.cor"
    path.write_bytes(b"__label__neg silly \x97 and tedious . \n\n__label__pos __label__neg both\n__label__odd x\n__label__pos\n")
    rows = list(fasttext_labels.read([path], Params(encoding="cp1252", labels={"neg": "negative", "pos": "positive"})))
    assert rows == [
        Example("polarity.cor:1", "silly — and tedious .", "negative", "polarity.cor", row=1),
        Dropped("no __label__ at its start", "polarity.cor:2"),
        Dropped("several labels", "polarity.cor:3", "__label__pos __label__neg both"),
        Dropped("label is not in `labels`", "polarity.cor:4", "'odd': x"),
        Example("polarity.cor:5", "", "positive", "polarity.cor", row=5),
    ]
