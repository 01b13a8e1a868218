"""Subwords, learned from the training texts: byte-pair encoding (Sennrich et al. 2016) or a unigram vocabulary (Kudo 2018).

A text is cut into words first, each with the whitespace before it, or into the morphemes of another tokenizer of this room; subwords are
learned and found inside these only. Tokens are always pieces of the text, so that they give it back; a character that the vocabulary
lacks is a token of its own. The `tokenizers` package learns the merges and does the cutting; `_unigram` learns the unigram vocabulary.
"""

import itertools
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from malmoi import config, registry
from malmoi.config import ConfigError, params
from malmoi.tokenizers import _morphemes, _unigram

PACKAGES = ("tokenizers",)
LEARNED, INSIDE = "subwords.json", "morphemes"  # in the folder
UNKNOWN = "\ufffe"  # no character, so in no text
DISTINCT = 1_000_000  # words that are counted at a time; beyond, the rarest are forgotten (Manku and Motwani 2002)
REMEMBERED = 200_000  # words whose pieces are remembered
AT_ONCE = 1_000  # texts, or words
Cut = Callable[[Sequence[str]], list[list[str]]]


@params
class Morphemes:
    """tokenizer: one of this room whose tokens give the text back (okt, mecab, kiwi). options: its own; `spaces` is on by itself."""

    tokenizer: str
    options: dict[str, Any] = field(default_factory=dict)


@params
class Params:
    """model: bpe or unigram. size: most subwords in the vocabulary, all its characters among them. min_frequency: of a pair that is merged
    (of a longer subword, for unigram). alphabet: the most frequent characters that the vocabulary has; 0 is all of them. morphemes: what
    cuts the text before; words by default.
    """

    model: Literal["bpe", "unigram"] = "bpe"
    size: int = 8_000
    min_frequency: int = 2
    alphabet: int = 0
    morphemes: Morphemes | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that cannot be right, and morphemes that do not give the text back."""
        if self.size < 2 or self.min_frequency < 1 or self.alphabet < 0:
            raise ValueError("size should be 2 or more, min_frequency 1 or more, alphabet 0 or more")
        if self.morphemes:
            _inside(self.morphemes)


def fit(texts: Iterable[str], params: Params, folder: Path) -> None:
    """Learn subwords. The same texts in the same order give the same bytes.

    Raises ConfigError where there is no text, or `size` has no room for its characters.
    """
    if params.morphemes:
        room, options = _inside(params.morphemes)
        if hasattr(room, "fit"):
            room.fit((), options, folder / INSIDE)
    words = _count(texts, _words(params, folder))
    alphabet = _alphabet(words, params)
    learn = _bpe if params.model == "bpe" else _likeliest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LEARNED).write_text(json.dumps(learn(words, alphabet, params), ensure_ascii=False, indent=0), encoding="utf-8")


def build(params: Params, folder: Path | None = None) -> Cut:
    """A tokenizer into the subwords that were learned into the folder. `.failures`: those of the tokenizer into morphemes.

    Raises ConfigError where nothing was learned.
    """
    if folder is None or not (folder / LEARNED).is_file():
        raise ConfigError(f"{folder}: no subwords were learned here; run the tokens stage: dvc repro")
    return _Subwords(_words(params, folder), folder)


def lossless(params: Params) -> bool:
    """Joined tokens give the text back."""
    return True


def inside(params: Params) -> tuple[ModuleType, Any] | None:
    """The tokenizer that cuts before this one, with its options: what it depends on, this one does."""
    return _inside(params.morphemes) if params.morphemes else None


class _Subwords:
    def __init__(self, words: Cut, folder: Path) -> None:
        package = _package()
        self._words, self._lock, self._known = words, threading.Lock(), dict[str, list[str]]()
        self._encode = package.Tokenizer.from_str((folder / LEARNED).read_text(encoding="utf-8")).encode_batch

    @property
    def failures(self) -> list[int]:
        return list(getattr(self._words, "failures", []))

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        documents = self._words(texts)
        with self._lock:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            known = self._known
            fresh = list(dict.fromkeys(word for words in documents for word in words if word not in known))
            for start in range(0, len(fresh), AT_ONCE):
                known.update(self._cut(fresh[start : start + AT_ONCE]))
            return [[piece for word in words for piece in known[word]] for words in documents]

    def _cut(self, words: list[str]) -> Iterator[tuple[str, list[str]]]:
        """Pieces of the word as it is: the package has U+FFFD for what UTF-8 cannot say, and runs of unknown characters in one piece."""
        found = self._encode([_morphemes.well_formed(word) for word in words], add_special_tokens=False)
        for word, encoding in zip(words, found, strict=True):
            spans = zip(encoding.ids, encoding.offsets, strict=True)
            starts = [place for number, (start, end) in spans for place in (range(start, end) if number == 0 else (start,))]
            cuts = sorted({0, *starts, len(word)})
            yield word, [word[start:end] for start, end in itertools.pairwise(cuts)]


def _inside(morphemes: Morphemes) -> tuple[ModuleType, Any]:
    room = registry.find("tokenizers", morphemes.tokenizer)
    spaces = {"spaces": True} if hasattr(room.Params, "spaces") else {}
    options = config.read(room.Params, spaces | morphemes.options, f"morphemes: {morphemes.tokenizer}")
    if morphemes.tokenizer == "subwords" or hasattr(room, "join") or not room.lossless(options):
        raise ConfigError(f"morphemes: the tokens of {morphemes.tokenizer}, joined, do not give the text back; try mecab, kiwi or okt")
    return room, options


def _words(params: Params, folder: Path) -> Cut:
    if not params.morphemes:
        return lambda texts: [_morphemes.SPACED.findall(text) for text in texts]
    room, options = _inside(params.morphemes)
    cut: Cut = room.build(options, folder / INSIDE) if hasattr(room, "fit") else room.build(options)
    return cut


def _count(texts: Iterable[str], cut: Cut) -> dict[str, int]:
    """How often each word is there, in order of the words."""
    counts: Counter[str] = Counter()
    waiting = iter(texts)
    while batch := list(itertools.islice(waiting, AT_ONCE)):
        for words in cut(batch):
            counts.update(map(_morphemes.well_formed, words))
        least = 1
        while len(counts) > 2 * DISTINCT or (least > 1 and len(counts) > DISTINCT):
            counts = Counter({word: count for word, count in counts.items() if count > least})
            least += 1
    return dict(sorted(counts.items()))


def _alphabet(words: dict[str, int], params: Params) -> list[str]:
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            counts[character] += count
    chosen = sorted(counts, key=lambda character: (-counts[character], character))[: params.alphabet or None]
    if not chosen:
        raise ConfigError("subwords: the training texts are empty; there is nothing to learn from")
    if len(chosen) + 1 > params.size:
        told = f"size {params.size} has no room for the {len(chosen)} characters of the training texts"
        raise ConfigError(f"subwords: {told}; raise it, or set alphabet to fewer characters than size")
    return chosen


def _bpe(words: dict[str, int], alphabet: list[str], params: Params) -> dict[str, Any]:
    package = _package()
    tokenizer = package.Tokenizer(package.models.BPE(unk_token=UNKNOWN))
    limits = {"initial_alphabet": alphabet, "limit_alphabet": len(alphabet), "min_frequency": params.min_frequency}
    trainer = package.trainers.BpeTrainer(vocab_size=params.size, special_tokens=[UNKNOWN], show_progress=False, **limits)
    seen = itertools.chain.from_iterable(itertools.repeat(word, count) for word, count in words.items())
    tokenizer.train_from_iterator(iter(lambda: list(itertools.islice(seen, AT_ONCE)), []), trainer)
    learned: dict[str, Any] = json.loads(tokenizer.to_str())
    return learned | {"added_tokens": []}  # the package would look for UNKNOWN in texts


def _likeliest(words: dict[str, int], alphabet: list[str], params: Params) -> dict[str, Any]:
    package = _package()
    vocabulary = _unigram.learn(words, alphabet, params.size - 1, params.min_frequency)
    rarest = min(score for _, score in vocabulary)
    learned: dict[str, Any] = json.loads(package.Tokenizer(package.models.Unigram([(UNKNOWN, rarest), *vocabulary], 0)).to_str())
    return learned


def _package() -> ModuleType:
    """The `tokenizers` package, on one thread: only words never met before are left to it, and its threads do not survive a fork."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import tokenizers

    return tokenizers
