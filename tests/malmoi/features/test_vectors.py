"""Vectors of a file: every format, what is missing counted by hand, files that are wrong with the line that is."""

import gzip
import hashlib
import json
import struct

import numpy as np
import pytest

from malmoi.batches import UNKNOWN
from malmoi.config import ConfigError
from malmoi.features import vectors

TRAIN = [["말", "을", "말"], ["모이", "말", "다"]]  # 6 tokens, 4 types: 말 3, 나머지 1
KNOWN = {"말": [1.0, 2.0, 3.0], "모이": [-0.5, 0.0, 0.25], "딴말": [9.0, 9.0, 9.0]}
LINES = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in KNOWN.items())
BINARY = b"3 3\n" + b"".join(word.encode() + b" " + struct.pack("<3f", *row) + b"\n" for word, row in KNOWN.items())
FORMATS = {
    "word2vec.txt": f"3 3\n{LINES}".encode(),
    "fasttext.vec": f"3 3\n{LINES}".replace("\n", " \n").replace("3 3 \n", "3 3\n").encode(),
    "glove.txt": LINES.encode(),
    "word2vec.bin": BINARY,
    "without line ends.bin": BINARY.replace(b"\n", b"").replace(b"3 3", b"3 3\n", 1),
    "packed.vec.gz": gzip.compress(f"3 3\n{LINES}".encode()),
    "windows.txt": f"3 3\n{LINES}".replace("\n", "\r\n").encode(),
    "decomposed.txt": f"3 3\n{LINES}".replace("말 1", "\u1106\u1161\u11af 1").encode(),
}


def fit(path, content=None, **options):
    if content is not None:
        path.write_bytes(content)
    return vectors.fit(TRAIN, vectors.Params(file=str(path), **options))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_seen_from_its_content(name, tmp_path):
    feature = fit(tmp_path / name, FORMATS[name])
    assert feature.vectors[feature.ids["말"]].tolist() == KNOWN["말"]
    assert feature.vectors[feature.ids["모이"]].tolist() == KNOWN["모이"]
    mean = np.mean([KNOWN["말"], KNOWN["모이"]], axis=0)
    for row in (UNKNOWN, feature.ids["을"], feature.ids["다"]):
        assert feature.vectors[row] == pytest.approx(mean)


def test_what_the_file_lacks_is_counted(tmp_path):
    feature = fit(tmp_path / "ko.vec", FORMATS["word2vec.txt"])
    assert feature.report.endswith("ko.vec (text, 3 vectors of 3 numbers): lacks 50.0 % of the words of train, 33.3 % of its tokens")
    feature.save(tmp_path / "state")
    about = json.loads((tmp_path / "state/about.json").read_text())
    assert (about["types"], about["types_without"], about["tokens"], about["tokens_without"]) == (4, 2, 6, 2)
    assert vectors.load(tmp_path / "state").report == feature.report


def test_words_without_a_vector_count_for_nothing_in_a_row(tmp_path):
    feature = fit(tmp_path / "ko.vec", FORMATS["word2vec.txt"], pooling="mean")
    rows = feature.transform([["말", "을", "딴말"], ["을"]])
    assert rows.tolist() == [KNOWN["말"], [0, 0, 0]]


def test_only_the_words_of_train_are_kept(tmp_path):
    feature = fit(tmp_path / "ko.vec", FORMATS["word2vec.txt"])
    assert "딴말" not in feature.ids
    assert len(feature.vectors) == 3 + 4


def test_fasttexts_bin_makes_missing_words_of_their_ngrams(tmp_path):
    from gensim.models import FastText
    from gensim.models.fasttext import save_facebook_model

    model = FastText([["말", "모으", "다"], ["말", "모이"]] * 5, vector_size=4, min_count=1, min_n=1, max_n=2, bucket=50, workers=1, seed=1)
    save_facebook_model(model, str(tmp_path / "ko.bin"))
    feature = fit(tmp_path / "ko.bin")
    assert feature.vectors[feature.ids["말"]] == pytest.approx(model.wv["말"], abs=1e-5)
    assert feature.vectors[feature.ids["을"]] == pytest.approx(model.wv["을"], abs=1e-5)
    assert feature.about["types_from_ngrams"] == 1
    assert feature.report.endswith("lacks 0.0 % of the words of train, 0.0 % of its tokens, 1 words made of their n-grams")


WRONG = {
    "too few numbers": ("2 3\n말 1 2 3\n모이 1 2\n", r":3: 2 numbers, where the first line says 3: .*"),
    "too many numbers": ("2 3\n말 1 2 3 4\n모이 1 2 3\n", ":2: 4 numbers, where the first line says 3"),
    "all of another size": ("2 300\n말 1 2 3\n모이 1 2 3\n", ":2: 3 numbers, where the first line says 300"),
    "without a first line": ("말 1 2 3\n모이 1 2\n", ":2: 2 numbers, where the first line says 3"),
    "cut off": ("3 3\n말 1 2 3\n모이 1 2 3\n", ":1: says 3 vectors, but the file has 2; is it cut off"),
    "a word for a number": ("1 3\n말 1 zwei 3\n", "ends in number 1|could not convert|numbers"),
    "no number": ("1 3\n말 1 1-2 3\n", ":2: could not convert"),
    "infinite": ("1 3\n말 1 inf 3\n", ":2: a number is not finite"),
    "another encoding": ("2 1\n말 1\n모이 2\n".encode("cp949"), ":2: not utf-8: .*; set option encoding"),
    "empty": ("", ":1: neither two sizes nor a word and its numbers"),
    "prose": ("말모이\n", ":1: neither two sizes"),
    "binary cut off": (BINARY[:-6], "says 3 vectors of 3 numbers, but ends in number 3"),
    "binary of another size": (BINARY.replace(b"3 3", b"3 2", 1), "says 3 vectors of 2 numbers"),
    "binary with more": (BINARY.replace(b"3 3", b"2 3", 1), "says 2 vectors of 3 numbers, but more follows"),
    "fastText cut off": (struct.pack("<2i", 793712314, 12) + bytes(9), "looks like fastText's .bin, but cannot be read"),
    "packing damaged": (gzip.compress(LINES.encode())[:-9], "cannot be read"),
    "no word of train": ("1 2\nword 1 2\n", r"has no word of train .*train has '말', '다', '모이', '을'.*cut in this way"),
}


@pytest.mark.parametrize("name", WRONG)
def test_files_that_are_wrong(name, tmp_path):
    content, message = WRONG[name]
    with pytest.raises(ConfigError, match=message) as error:
        fit(tmp_path / "x.vec", content if isinstance(content, bytes) else content.encode())
    assert "x.vec" in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"file: .*none\.vec: no such file"):
        fit(tmp_path / "none.vec")


def test_other_encodings_and_words_with_spaces(tmp_path):
    feature = fit(tmp_path / "ko.vec", "3 2\n말 1 2\n말 모 이 3 4\n을 5 6\n".encode("cp949"), encoding="cp949")
    assert feature.vectors[feature.ids["을"]].tolist() == [5, 6]


def test_the_file_can_be_pinned(tmp_path):
    content = FORMATS["word2vec.bin"]
    assert fit(tmp_path / "x", content, sha256=hashlib.sha256(content).hexdigest()).about["dimensions"] == 3
    with pytest.raises(ConfigError, match=r"sha256: .* not 00; if you mean this file"):
        fit(tmp_path / "x", content, sha256="00")
