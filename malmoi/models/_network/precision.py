"""In which numbers a network is trained: float32, or bfloat16 products where they are faster, with weights and sums kept in float32
(Micikevicius et al., 2018)."""

import os
from pathlib import Path
from typing import Literal

FLAGS = {"avx512_bf16", "amx_bf16"}  # of a processor that multiplies bfloat16 itself
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"  # 0: TensorFlow does without the library that multiplies them so, and takes softmax of them coarsely
GENERATION = 8  # of a GPU that does: NVIDIA's compute capability


def policy(precision: Literal["float32", "auto"], processor: Path = Path("/proc/cpuinfo")) -> str:
    """Name of the Keras dtype policy: float32, or, where it is "auto" and this machine can, mixed_bfloat16. processor: where Linux
    describes it; where there is no such file, a processor counts as one that cannot."""
    return "mixed_bfloat16" if precision == "auto" and _faster(processor) else "float32"


def _faster(processor: Path) -> bool:
    import tensorflow as tf

    if devices := tf.config.list_physical_devices("GPU"):
        found = [tf.config.experimental.get_device_details(device).get("compute_capability", (0, 0)) for device in devices]
        return all(capability[0] >= GENERATION for capability in found)
    text = processor.read_text() if processor.is_file() and os.environ.get(ONEDNN) != "0" else ""
    return any(FLAGS & set(line.split()) for line in text.splitlines() if line.startswith("flags"))
