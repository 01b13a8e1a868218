"""What this machine computes with, in one line: the same line, the same bytes from a training."""

import os
import platform
from pathlib import Path

from malmoi import processor

WIDE = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")  # instructions that decide in which order numbers are added


def name() -> str:
    """Processor, its widest instructions, cores, and the GPUs that TensorFlow would use: "AMD EPYC 7B13, avx2, 2 cores"."""
    about = _processor()
    wide = [flag for flag in WIDE if flag in about.get("flags", "").split()]
    return ", ".join([about.get("model name", platform.machine()), *wide, f"{processor.cores()} cores", *_gpus()])


def _processor() -> dict[str, str]:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").split("\n\n")[0].splitlines() if file.is_file() else []
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _gpus() -> list[str]:
    """NVIDIA's, by the names that their driver gives them."""
    found = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    models = [line.partition(":")[2].strip() for file in found for line in file.read_text().splitlines() if line.startswith("Model:")]
    return [] if os.environ.get("CUDA_VISIBLE_DEVICES") == "" else models
