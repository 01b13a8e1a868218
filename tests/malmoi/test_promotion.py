"""The rules of promotion, as they are read; and the file that comes with the project."""

from pathlib import Path

import pytest
import yaml

from malmoi.config import ConfigError
from malmoi.promotion import Limit, rules

OWN = Path(__file__).resolve().parents[2] / "params/promote.yaml"
KNOWN = ["classify-bills", "classify-nsmc", "language-model-law"]


def read(folder: Path, text: str, board: str = "classify-bills"):  # type: ignore[no-untyped-def]
    (folder / "promote.yaml").write_text(text, encoding="utf-8")
    return rules(folder / "promote.yaml", board, KNOWN)


def test_a_board_has_the_defaults_and_what_is_different_in_it(tmp_path: Path) -> None:
    text = """
defaults: {seeds: 3, gain: {accuracy: 0.01, bits_per_token: 1}, guards: {size: {most: 5}, calibration: {worse: 0.1}}}
boards:
  classify-bills: {seeds: 2, gain: {accuracy: 0.02}, guards: {size: {times: 2}, latency: {most: 4}, calibration: null}}
"""
    own, other = read(tmp_path, text), read(tmp_path, text, "classify-nsmc")
    assert (own.seeds, own.level, own.gain) == (2, 0.05, {"accuracy": 0.02, "bits_per_token": 1})
    assert (own.guards.size, own.guards.latency, own.guards.calibration) == (Limit(times=2), Limit(most=4), None)
    assert (other.seeds, other.guards.size, other.guards.calibration) == (3, Limit(most=5), Limit(worse=0.1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("boards: {classify-bils: {}}", r"boards\.classify-bils: no board is called 'classify-bils'; did you mean 'classify-bills'"),
        ("defaults: {sedes: 3}", r"defaults: unknown key 'sedes'; did you mean 'seeds'"),
        ("defaults: {guards: {sise: {most: 1}}}", r"unknown key 'guards\.sise'"),
        ("defaults: {guards: {size: {most: much}}}", r"guards\.size\.most"),
        ("defaults: {guards: {size: {}}}", r"guards\.size: asks nothing"),
        ("defaults: {guards: {calibration: {times: 2}}}", r"calibration\.times: only of latency and size"),
        ("defaults: {level: 5}", "level: a chance between 0 and 1, found 5"),
        ("defaults: {seeds: 0}", "seeds: at least 1"),
        ("defaults: {gain: {accuracy: -1}}", r"gain\.accuracy: 0 or more"),
        ("boards: {classify-nsmc: {seeds: 0}}", "seeds: at least 1"),
        ("defaults: {gain: {acuracy: 0.5}}", r"defaults: gain\.acuracy: no paired test here compares 'acuracy'; did you mean 'accuracy'"),
        ("defaults: {gain: {macro_f1: 0.5}}", r"gain\.macro_f1: no paired test here compares 'macro_f1'; there are: accuracy, bits"),
        ("defaults: {gain: {perplexity: 1}}", r"gain\.perplexity: .*: give bits_per_token"),
        ("boards: {classify-bills: {gain: {acuracy: 0.5}}}", r"boards\.classify-bills: gain\.acuracy: .*did you mean 'accuracy'"),
        ("boards: {classify-bills: {gain: {bits_per_byte: 1}}}", r"gain\.bits_per_byte: .*; there are: accuracy$"),
        ("boards: {language-model-law: {gain: {accuracy: 1}}}", r"gain\.accuracy: .*there are: bits_per_character"),
        ("boards: {language-model-law: {guards: {classes: {worse: 0.1}}}}", r"guards\.classes: is asked of classifiers alone"),
        (
            "boards: {classify-bills: {guards: {sise: {most: 1}}}}",
            r"boards\.classify-bills: unknown key 'guards\.sise'; did you mean 'size'",
        ),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, text, "classify-nsmc")


def test_the_projects_own_file_names_boards_of_its_own_corpora() -> None:
    given = yaml.safe_load(OWN.read_text(encoding="utf-8"))
    corpora = [file.stem for file in (OWN.parent / "experiments").glob("*.yaml")]
    known = [f"{problem}-{corpus}" for problem in ("classify", "language-model") for corpus in corpora]
    found = {board: rules(OWN, board, known) for board in known}
    assert found["classify-bills"].seeds == 2
    assert {board for board, one in found.items() if one.seeds == 1} == {board for board, own in given["boards"].items() if "seeds" in own}
