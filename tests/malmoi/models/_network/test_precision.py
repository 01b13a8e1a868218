"""Where `auto` means bfloat16, and that a network learns in it."""

from pathlib import Path

import pytest
from synthetic import labelled_sequences, language_split

from malmoi.batches import Spec
from malmoi.models import recurrent
from malmoi.models._network import precision


@pytest.mark.parametrize(
    ("flags", "found"), [("fma avx512f avx512_bf16", "mixed_bfloat16"), ("amx_bf16 amx_tile", "mixed_bfloat16"), ("avx512f", "float32")]
)
def test_auto_is_what_the_processor_can(flags: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: [])
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\nmodel name\t: avx512_bf16\n")
    assert precision.policy("auto", tmp_path / "cpuinfo") == found
    assert precision.policy("float32", tmp_path / "cpuinfo") == "float32"
    assert precision.policy("auto", tmp_path / "none") == "float32"
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert precision.policy("auto", tmp_path / "cpuinfo") == "float32"


@pytest.mark.parametrize(
    ("shape", "problem"), [({"cell": "gru", "bidirectional": True}, "classify"), ({"cell": "lstm", "tied": True}, "language_model")]
)
def test_learns_as_well_in_bfloat16(shape: dict[str, object], problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = {}
    for policy in ("float32", "mixed_bfloat16"):
        monkeypatch.setattr(precision, "policy", lambda precision, policy=policy: policy)
        training = recurrent.Training(epochs=2, batch_size=16, steps=8, learning_rate=0.02, precision="auto")
        spec = Spec(problem, 8, 2 if problem == "classify" else 0, seed=1)
        model = recurrent.build(recurrent.Params(units=8, embedding=8, layers=2, **shape), training, spec)  # type: ignore[arg-type]
        split = labelled_sequences(96) if problem == "classify" else language_split([[3, 4, 5, 6, 7] * 8] * 8)
        told: list[float] = []
        model.fit(split, split, lambda epoch, told=told: told.append(epoch.valid_loss))
        losses[policy] = told
        assert all(weight.dtype == "float32" for weight in model.weights.values())
    assert losses["mixed_bfloat16"] != losses["float32"]
    assert losses["mixed_bfloat16"] == pytest.approx(losses["float32"], rel=0.1, abs=0.02)
