"""Behavioural tests of a classifier: rewritings that must not change its answer, negations that must move it, sentences it must get right.

CheckList (Ribeiro, Wu, Guestrin and Singh, 2020). Invariance is asked of the test split's own texts, so it needs no more than a corpus;
direction and minimum functionality are asked of made sentences, so they need to know which class praises and which blames. Of a corpus of
topics there is no minimum: the words that tell its classes apart are known from its training data alone, and a model that had learned
those very words by heart would pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from malmoi._behaviour import english, korean, opinions, typography
from malmoi.config import params

LANGUAGES = {"ko": korean.rewritings, "en": english.rewritings}


@params
class Sentiment:
    """Which labels of a corpus praise and blame; subjects: what its texts are about, in place of films (English ones without a capital)."""

    positive: str
    negative: str
    subjects: list[str] = field(default_factory=list)


@params
class Settings:
    """params/behaviour.yaml.

    cases: of each test, at most. fewest: a test with fewer cases is left out, and said to be. least_move: by how much a negation must move
    the probability of praise. shown: failures kept to be read. seed: of what is drawn. sentiment: by corpus.
    """

    cases: int = 50
    fewest: int = 10
    least_move: float = 0.01
    shown: int = 5
    seed: int = 1
    sentiment: dict[str, Sentiment] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One question. after: the text rewritten, None for a sentence that stands alone; expected: the label it must get, for a negation the
    label whose probability must fall, "" where the answer must stay."""

    test: str
    before: str
    after: str | None = None
    expected: str = ""


@dataclass(frozen=True)
class Plan:
    """What is asked: cases in order of their tests; about: (kind, in words) of each test, the kind being "invariance", "direction" or
    "minimum"; left_out: tests with too few cases, and why."""

    corpus: str
    language: str
    cases: list[Case]
    about: dict[str, tuple[str, str]]
    left_out: dict[str, str]


def plan(texts: Sequence[str], language: str, corpus: str, settings: Settings) -> Plan:
    """The cases for a corpus. texts: of its test split."""
    about: dict[str, tuple[str, str]] = {}
    cases: list[Case] = []
    left_out = {}
    sentiment = settings.sentiment.get(corpus)
    asked = [*_invariance(texts, language, settings), *(_opinions(language, sentiment, settings) if sentiment else ())]
    for kind, test, words, found in asked:
        if len(found) < settings.fewest:
            left_out[test] = f"{len(found)} cases; {settings.fewest} are the fewest that say something"
            continue
        about[test] = (kind, words)
        cases += found
    return Plan(corpus, language, cases, about, left_out)


Asked = tuple[str, str, str, list[Case]]  # kind, test, in words, cases


def _invariance(texts: Sequence[str], language: str, settings: Settings) -> Iterator[Asked]:
    shuffled = Random(settings.seed).sample(texts, len(texts))
    rewritings = typography.REWRITINGS | (LANGUAGES[language](texts) if language in LANGUAGES else {})
    for test, (words, rewrite) in rewritings.items():
        found = _rewritten(test, shuffled, rewrite, Random(f"{settings.seed} {test}"))
        yield "invariance", test, words, list(islice(found, settings.cases))


def _rewritten(test: str, texts: Sequence[str], rewrite: typography.Rewriting, chance: Random) -> Iterator[Case]:
    """Cases of the texts in which there is something to rewrite."""
    for text in texts:
        after = rewrite(text, chance)
        if after.strip() and after != text:
            yield Case(test, text, after)


def _opinions(language: str, sentiment: Sentiment, settings: Settings) -> Iterator[Asked]:
    known = opinions.of(language, sentiment.subjects)
    for test, words in opinions.NEGATIONS.get(language, {}).items():
        cases = [
            Case(test, one.text, one.negated[test], sentiment.positive if one.praise else sentiment.negative)
            for one in known
            if test in one.negated
        ]
        yield "direction", test, f"{words}: the opinion must move the other way", _drawn(cases, test, settings)
    for praise, label in ((True, sentiment.positive), (False, sentiment.negative)):
        test = "plain_praise" if praise else "plain_blame"
        cases = [Case(test, one.text, None, label) for one in known if one.praise is praise]
        yield "minimum", test, f"short sentences of plain {'praise' if praise else 'blame'}", _drawn(cases, test, settings)


def _drawn(cases: list[Case], test: str, settings: Settings) -> list[Case]:
    return Random(f"{settings.seed} {test}").sample(cases, min(len(cases), settings.cases))
