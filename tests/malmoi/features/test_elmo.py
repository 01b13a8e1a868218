"""ELMo's feature: how words are spelled, what its language model learns from, and that it learns."""

import math

import numpy as np
import pytest

from malmoi import config
from malmoi.batches import UNKNOWN
from malmoi.features import _elmo_training, elmo, sequence
from malmoi.features._elmo_words import Seen, Speller, speller

SMALL = {"characters": 4, "filters": [[1, 4], [2, 4]], "dimensions": 4, "units": 4, "layers": 1, "epochs": 1, "batch_size": 2, "steps": 4}


def fitted(documents, **options):
    lines: list[str] = []
    return elmo.fit(documents, elmo.Params(**{**SMALL, **options}), lines.append), lines


@pytest.fixture(scope="module")
def feature():
    return fitted([["재미", "재미"], ["영화", "재미", "있"], ["영화"]], min_count=2)[0]


def test_words_are_marked_cut_and_filled_up():
    spelling = Speller(["가", "나"], longest=4)  # ids 6 and 7, after the marks
    assert spelling.spell(["나", "가나", "가나가나", "가힣", ""]).tolist() == [
        [2, 7, 3, 0],
        [2, 6, 7, 3],
        [2, 6, 7, 3],
        [2, 6, 1, 3],  # 힣 is rare: it was never seen
        [2, 3, 0, 0],
    ]
    assert spelling.table(["가"]).tolist() == [[0, 0, 0, 0], [2, 4, 3, 0], [2, 5, 3, 0], [2, 6, 3, 0]]
    assert spelling.width == 8


def test_unknown_words_keep_their_characters(feature):
    # known by frequency: 재미 3, 영화 4. Characters seen twice: 미 6, 재 7 (three times each), 영 8, 화 9 (twice); 있 came once
    inputs = feature.transform([["영화", "재화", "있"], []])
    assert inputs.ids.tolist() == [[4, 0, 0, 0, 0], [UNKNOWN, 2, 7, 9, 3], [UNKNOWN, 2, 1, 3, 0]]
    assert inputs.offsets.tolist() == [0, 3, 3]
    assert inputs.charged[0] == pytest.approx(feature.words.bits("재화") + feature.words.bits("있"))
    assert inputs.stream().tolist() == [2, 4, 1, 1, 2, 2], "to all others an unknown word is unknown"


def test_words_are_spelled_in_blocks(feature, monkeypatch):
    documents = [["재화", "있", "영화", "영", "재"], ["미화"]]
    whole = feature.transform(documents).ids.tolist()
    monkeypatch.setattr(elmo, "BLOCK", 2)
    assert feature.transform(documents).ids.tolist() == whole


def test_streams_read_rare_words_and_hold_the_last_documents_out():
    documents = [["가", "나", "가"], *[["나"]] * 18, ["다"]]
    seen = Seen()
    words = sequence.fit(seen.passing(documents), sequence.Params(min_count=2))
    texts = seen.texts(words, speller(words, 5))
    assert (words.tokens[3:], texts.width) == (["나", "가"], 5)
    assert texts.train.tolist() == [2, 4, 3, 4, 2] + [3, 2] * 18
    assert texts.held_out.tolist() == [2, 5, 2], "다 has no id; it is read by row 5 of the spelled words"
    assert texts.spelled.shape == (6, 5)
    assert texts.spelled[5].tolist() == [2, 1, 3, 0, 0]
    few = Seen()
    list(few.passing(documents[:19]))
    assert len(few.texts(words, speller(words, 5)).held_out) == 0


def test_frequent_words_are_drawn_more_often():
    drawn = _elmo_training.draw(7, 80_000, np.random.default_rng(0))
    shares = np.bincount(drawn, minlength=7) / len(drawn)
    assert shares == pytest.approx([math.log((k + 2) / (k + 1)) / math.log(8) for k in range(7)], abs=0.01)


def test_the_sampled_loss_is_near_the_whole_one():
    softmax = _elmo_training.Softmax(50, 6)
    random = np.random.default_rng(0)
    softmax.set_weights([random.normal(0, 0.5, (50, 6)), random.normal(0, 0.5, 50)])
    hidden, wanted = random.normal(0, 1, (30, 6)).astype(np.float32), random.integers(0, 50, 30).astype(np.int32)
    whole = softmax.loss(hidden, wanted).numpy()
    assert softmax.sampled(hidden, wanted, _elmo_training.draw(50, 20_000, random)).numpy() == pytest.approx(whole, abs=0.15)
    logits = hidden[0] @ softmax.rows.numpy().T + softmax.bias.numpy()
    assert whole[0] == pytest.approx(np.log(np.exp(logits).sum()) - logits[wanted[0]], abs=1e-4)


def test_it_learns_what_follows_what_in_both_directions():
    random = np.random.default_rng(0)
    documents = [["하나", "둘", "셋", "넷"][: random.integers(2, 5)] for _ in range(60)]  # a word says all about its neighbours
    feature, lines = fitted(documents, epochs=16, learning_rate=0.03, samples=5, dropout=0.0, dimensions=8, units=8)
    first, last = feature.history[0], feature.history[-1]
    assert [row["epoch"] for row in feature.history] == list(range(1, 17))
    assert last["held_out_forward"] < first["held_out_forward"]
    assert last["held_out_backward"] < first["held_out_backward"]
    # forward: of 4 words and ends on average only what follows 둘 (0.64 nats) and 셋 (0.69, in 2 of 3 texts) is open; exp(1.1 / 4) = 1.3
    assert 1 < last["train_forward"] < 1.6
    # backward: only the word with which a text ends is open, in 3 ways; exp(1.1 / 4) again
    assert 1 < last["train_backward"] < 1.6
    shown = [line for line in lines if "perplexity" in line]
    assert len(shown) == 16
    assert shown[0].startswith("epoch 1/16, perplexity train forward ")
    assert "held out backward" in shown[0]


def test_words_start_out_spread():
    texts = Seen()
    words = sequence.fit(texts.passing([[a + b for a in "가나다라" for b in "마바사아"]]), sequence.Params())
    spelling = speller(words, 4)
    shape = _elmo_training.Shape(spelling.width, 8, ((1, 8), (2, 8)), 5, 4, 1)
    settings = _elmo_training.Settings(epochs=1, batch_size=1, steps=4, learning_rate=0.1, samples=0, seed=1)
    trainer = _elmo_training.Trainer(shape, texts.texts(words, spelling), settings, print)
    vectors = trainer.encoder.words(trainer.spelled).numpy()
    assert vectors.mean(0) == pytest.approx(np.zeros(5), abs=1e-3)
    assert vectors.std(0) == pytest.approx(np.ones(5), abs=0.05)


def test_progress_is_told_and_a_loss_that_is_no_number_is_an_error(monkeypatch):
    monkeypatch.setattr(_elmo_training, "QUIET", 0.0)
    _, lines = fitted([["가", "나", "가", "나"]] * 4)
    assert [line.split(", loss")[0] for line in lines[:2]] == ["epoch 1/1, batch 1/3", "epoch 1/1, batch 2/3"]
    with pytest.raises(config.ConfigError, match=r"batch \d/3: the loss became (nan|inf); lower learning_rate"):
        fitted([["가", "나", "가", "나"]] * 4, learning_rate=float("inf"))


def test_sizes_that_make_no_sense():
    for given, problem in [
        ({"filters": [[1, 2, 3]]}, "pairs of .width, how many."),
        ({"filters": []}, "pairs of .width, how many."),
        ({"layers": 0}, "layers should be 1 or more"),
        ({"dropout": 1.0}, "dropout should be from 0"),
        ({"min_count": 0}, "min_count should be 1"),
    ]:
        with pytest.raises(config.ConfigError, match=f"here: entry: .*{problem}"):
            config.read(elmo.Params, given, "here")


def test_the_weights_are_saved_for_a_network(feature, tmp_path):
    feature.save(tmp_path)
    loaded = elmo.load(tmp_path)
    learned = loaded.learned()
    assert learned is not None
    assert (learned.kind, learned.settings) == ("elmo", {"longest": 4})
    assert learned.arrays["spelled"].tolist() == [[0] * 4, [2, 4, 3, 0], [2, 5, 3, 0], [2, 7, 6, 3], [2, 8, 9, 3]]
    assert learned.arrays["forward0.kernel"].shape == (4, 4 * 4)
    assert (tmp_path / "history.csv").read_text().startswith("epoch,train_forward,train_backward\n1,")
