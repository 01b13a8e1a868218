"""What experiments cost, joined and said."""

import pytest

from malmoi import expense


def test_operations_of_training_by_hand() -> None:
    per, spent = {"multiply_adds_per_token": 100, "multiply_adds_per_text": 20}, {"tokens": 1000, "texts": 50, "epochs": 4, "updates": 80}
    # 4 epochs of 1000 tokens of 100 and 50 texts of 20 multiply-adds, 2 operations each, forward once and backward twice
    assert expense.training_operations(per, spent) == 4 * (100_000 + 1_000) * 2 * 3
    looking_back = per | {"multiply_adds_per_token": 5100, "untrained_multiply_adds_per_token": 5000}
    assert expense.training_operations(looking_back, spent) == expense.training_operations(per, spent)
    assert expense.training_operations(per, spent | {"updates": 0}) is None, "nothing is learned by gradients"
    assert expense.training_operations(per, spent | {"tokens": None}) is None


@pytest.mark.parametrize(("value", "said"), [(0.0, "0 FLOP"), (999.0, "999 FLOP"), (1.5e9, "1.5 GFLOP"), (2e22, "2e+04 EFLOP")])
def test_operations_are_said_in_powers_of_a_thousand(value: float, said: str) -> None:
    assert expense.say_operations(value) == said


def test_a_summary_is_the_mean_over_seeds() -> None:
    row = {"parameters": 120, "multiply_adds_per_token": 100, "multiply_adds_per_text": 0, "weight_bytes": 480}
    seeds = {
        "1": {"seconds": 18.0, "start_seconds": 8.0, "cpu_seconds": 12.0, "epochs": 2, "updates": 8, "texts": 5, "tokens": 50},
        "2": {"seconds": 20.5, "start_seconds": 0.5, "cpu_seconds": 24.0, "epochs": 4, "updates": 16, "texts": 5, "tokens": 50},
    }
    answered = {"texts_per_second": 9.5, "words_per_second": 40.0, "peak_mb": 300.25}
    found = expense.summary(row, {"train": {"peak_mb": 700.5, "seeds": seeds}, "evaluate": answered})
    assert (found["answering_peak_mb"], found["pretraining_seconds"]) == (300.25, None)
    assert (found["seconds"], found["epochs"], found["tokens"], found["peak_mb"]) == (15, 3, 150, 700.5)
    assert found["operations"] == 6 * 100 * 150
    assert (found["texts_per_second"], found["words_per_second"], found["tokens_per_second"]) == (9.5, 40, None)
    assert (found["parameters"], found["weight_bytes"]) == (120, 480)


def test_what_was_not_measured_is_not_known() -> None:
    found = expense.summary({"parameters": 7}, {})
    assert found.pop("parameters") == 7
    assert set(found.values()) == {None}
    once = {"seconds": 1.0, "start_seconds": 0.0, "cpu_seconds": 1.0, "epochs": 1, "updates": 0, "texts": 5, "tokens": None}
    assert expense.summary({}, {"train": {"seeds": {"1": once}}})["operations"] is None


def test_an_import_in_the_first_seed_is_no_training_time() -> None:
    once = {"start_seconds": 0.0, "cpu_seconds": 1.0, "epochs": 1, "updates": 0, "texts": 5, "tokens": None}
    seeds = {"1": once | {"seconds": 9.0}, "2": once | {"seconds": 0.2}}
    assert expense.summary({}, {"train": {"seeds": seeds}})["seconds"] == 0.2


def test_language_models_that_it_began_with_are_counted_once() -> None:
    one = {"seconds": 61.0, "start_seconds": 1.0, "cpu_seconds": 70.0}
    assert expense.summary({}, {"pretrain": {"directions": {"forward": one, "backward": one}}})["pretraining_seconds"] == 120
