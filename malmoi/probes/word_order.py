"""What word order is worth: bits per character of a language model on texts as they are and with their words shuffled: eojeols in
Korean, words in English."""

import numpy as np

from malmoi import rows as files
from malmoi.config import params
from malmoi.predictor import Predictor
from malmoi.probing import LANGUAGES, Finding, Source, Sources, columns


@params
class Params:
    """texts: of the test split that are read, at most. seed: of the shuffling. bundle: which of the experiment's models."""

    texts: int = 300
    seed: int = 1
    bundle: str = "seed-1"


def measure(params: Params, sources: Sources) -> Finding:
    """Bits per character as they are and shuffled."""
    rows, costs, moved = [], {}, {}
    for language, source in sources.items():
        plain, shuffled, moved[language] = _bits(params, source)
        costs[language] = shuffled / plain - 1
        name = LANGUAGES[language]
        rows += [{"language": name, "words": words, "bits": bits} for words, bits in (("in order", plain), ("shuffled", shuffled))]
    said = "; ".join(f"{LANGUAGES[language]} {cost:+.1%}" for language, cost in costs.items())
    claim = "Korean, whose particles mark what a word does, depends less on the order of its words than English (Sohn, 1999)."
    measured = f"Bits per character with the words of each text shuffled, against those in order: {said}."
    held = costs["ko"] < costs["en"] if {"ko", "en"} <= set(costs) else None
    return Finding(claim, measured, held, columns(rows), "words", "bits", "language", told=held is not None and all(moved.values()))


def _bits(params: Params, source: Source) -> tuple[float, float, bool]:
    """Bits per character in order and shuffled, and whether shuffling has changed anything."""
    predictor = Predictor.load(source.reads / params.bundle)
    random = np.random.default_rng(params.seed)
    texts = [example.text for example in files.read_examples(source.text / "test.parquet")]
    if len(texts) > params.texts:
        texts = [texts[place] for place in np.sort(random.choice(len(texts), params.texts, replace=False))]
    shuffled = [" ".join(random.permutation(text.split(" ")).tolist()) for text in texts]
    plain, other = (predictor.score(given) for given in (texts, shuffled))
    in_order, shuffled_ones = (float((one.bits + one.charged).sum() / one.units["characters"].sum()) for one in (plain, other))
    return in_order, shuffled_ones, shuffled != texts
