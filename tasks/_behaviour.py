"""The behavioural tests of `evaluate`: the same cases for every seed of an experiment, written as behaviour.json."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from malmoi import config

if TYPE_CHECKING:
    from malmoi.behaviour import Plan
    from malmoi.predictor import Predictor
    from malmoi.verdicts import Verdict


class Tests:
    """The tests of one experiment. settings: params/behaviour.yaml, None for no tests; corpus: folder that `ingest` made."""

    def __init__(self, settings: Path | None, corpus: Path) -> None:
        from malmoi.behaviour import Settings

        self._settings = config.read(Settings, config.load(settings), str(settings)) if settings else None
        self._corpus = corpus
        self._plan: Plan | None = None
        self._verdicts: dict[int, list[Verdict]] = {}

    def ask(self, predictor: "Predictor", seed: int) -> None:
        """Put one seed's model to the tests; what is no classifier is not asked. Raises ConfigError for a label that it does not know."""
        from malmoi import behaviour, verdicts
        from malmoi.rows import read_examples

        if self._settings is None or not predictor.labels:
            return
        if self._plan is None:
            texts = [example.text for example in read_examples(self._corpus / "test.parquet")]
            pipeline = predictor.pipeline
            self._plan = behaviour.plan(texts, pipeline["language"], str(predictor.about["corpus"]), self._settings)
        self._verdicts[seed] = verdicts.judge(self._plan, predictor.classify, predictor.labels, self._settings)

    def write(self, path: Path) -> None:
        """Write what came out; nothing where nobody was asked."""
        from malmoi import verdicts

        if self._settings is None or self._plan is None:
            return
        found = verdicts.summarise(self._plan, self._verdicts, self._settings)
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
