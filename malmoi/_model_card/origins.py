"""Sections of a model card about where the model comes from: its data with their licence, its recipe, what it cost, its lineage."""

import json
from collections.abc import Mapping
from typing import Any

from malmoi._model_card.markdown import bullets, paragraphs, plain, table


def data(corpus: str, card: dict[str, Any]) -> str:
    """The corpus, as its data card describes it."""
    said = {name: card[name] for name in ("title", "licence", "citation", "note") if card.get(name)}
    lines = [f"{'corpus' if name == 'title' else name}: {plain(value)}" for name, value in said.items()]
    dropped = (card.get("rows") or {}).get("dropped")
    lines += [f"rows left out: {dropped:,}, for {plain('; '.join(card.get('drops') or {}))}"] if dropped else []
    repeats = [f"{plain(name)}: {count:,}" for name, count in ((card.get("duplicates") or {}).get("across") or {}).items() if count]
    lines += [f"texts of one split that are also in another: {', '.join(repeats)}"] if repeats else []
    rows = [[name, *_split(split)] for name, split in (card.get("splits") or {}).items() if "examples" in split]
    return paragraphs(bullets(lines) or f"Corpus {plain(corpus)}.", table(("split", "texts", "characters", "classes", "SHA-256"), rows))


def _split(split: Mapping[str, Any]) -> list[str]:
    counts = [f"{split[key]:,}" if key in split else "–" for key in ("examples", "characters")]
    return [*counts, _classes(split), f"`{split['sha256'][:12]}`" if "sha256" in split else "–"]


def _classes(split: Mapping[str, Any]) -> str:
    labels = split.get("labels") or {}
    if len(labels) > 12:
        return f"{len(labels)}, of {min(labels.values()):,} to {max(labels.values()):,} texts"
    return ", ".join(f"{plain(label)} {count:,}" for label, count in labels.items()) or "–"


def recipe(entry: Mapping[str, Any], pipeline: Mapping[str, Any], parameters: int | None) -> str:
    """How a text becomes tokens, numbers, an answer; and how the model was trained."""
    tokenizer, feature = pipeline.get("tokenizer") or {}, pipeline.get("feature") or {}
    model = dict(entry.get("model") or {})
    lines = [
        ("tokenizer", tokenizer.get("name"), tokenizer.get("options")),
        ("features", feature.get("kind"), feature.get("options")),
        ("model", model.pop("family", None), model),
        ("parameters", parameters and f"{parameters:,}", None),
        ("training", None, entry.get("training")),
        ("seeds", None, entry.get("seeds")),
    ]
    return bullets(f"{title}: {_settings(name, options)}" for title, name, options in lines if name or options)


def _settings(name: str | None, options: Any) -> str:
    written = json.dumps(options, ensure_ascii=False).replace("`", "'") if options else ""
    return f"{plain(name) if name else ''} {f'`{written}`' if written else ''}".strip()


def cost(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """What training and answering took on the machine that did it. measured: by stage, as far as it was."""
    training, answering, before = (measured.get(stage, {}) for stage in ("train", "evaluate", "pretrain"))
    lines = [
        _trained("training", "seed", training.get("seeds") or {}, training.get("cores")),
        _trained("language models that it began with", "direction", before.get("directions") or {}, before.get("cores")),
        f"most memory while training: {training['peak_mb']:,.0f} MB" if training.get("peak_mb") else "",
        f"most memory while answering: {answering['peak_mb']:,.0f} MB" if answering.get("peak_mb") else "",
    ]
    rates = [f"{value:,.0f} {name.removesuffix('_per_second')}" for name, value in answering.items() if name.endswith("_per_second")]
    return bullets([line for line in lines if line] + ([f"answering, each second: {', '.join(rates)}"] if rates else []))


def _trained(what: str, unit: str, parts: Mapping[str, Mapping[str, Any]], cores: int | None) -> str:
    """Seconds of all models together; "" where there are none."""
    if not parts:
        return ""
    seconds, processor = (sum(one.get(name) or 0 for one in parts.values()) for name in ("seconds", "cpu_seconds"))
    count = f"{len(parts)} {unit}{'s' if len(parts) > 1 else ''}"
    return f"{what}: {seconds:,.1f} s for {count}, {processor:,.1f} s of processor time on {cores} cores"


def lineage(commit: str, hashes: Mapping[str, str], key: str, name: str) -> str:
    """What leads back to the bytes: git commit, DVC hashes, the key of what went into it."""
    rows = [[f"`{path}`", f"`{digest}`"] for path, digest in hashes.items()]
    lines = [f"git commit `{commit}`"] if commit else []
    lines += [f"key of settings, seed, inputs and code: `{key}`", f"made again by `dvc repro train@{name}`"]
    return paragraphs(bullets(lines), table(("what training read and wrote", "DVC hash"), rows))
