"""What the stages `probe` and `text_probe` share: an entry read, a claim measured, the finding and the table behind it written."""

import csv
import json
from dataclasses import field
from pathlib import Path
from typing import Any

from malmoi.config import params


@params
class Reads:
    """Text of one language. reads: a folder that another stage made: features, a trained experiment or its evaluation. text: its corpus."""

    reads: str
    text: str


@params
class Entry:
    """An entry of table `probes`. kind: a file of malmoi/probes/."""

    kind: str
    options: dict[str, Any] = field(default_factory=dict)


@params
class TextEntry(Entry):
    """An entry of table `text_probes`, which also says what it reads in Korean and in English."""

    korean: Reads
    english: Reads


def measure(table: str, name: str, params: Path, out: Path) -> None:
    """Write finding.json and table.csv. Raises ConfigError where the entry cannot be right."""
    from malmoi import config, registry
    from malmoi.probing import Source

    where = f"{params}: {table}.{name}"
    entry: Entry = config.read(TextEntry if table == "text_probes" else Entry, config.entry(params, table, name), where)
    probe = registry.find("probes", entry.kind)
    options = config.read(probe.Params, entry.options, f"{where}.options")
    given = {"ko": entry.korean, "en": entry.english} if isinstance(entry, TextEntry) else {}
    print(f"probe {name}: measuring", flush=True)
    finding = probe.measure(options, {language: Source(Path(one.reads), Path(one.text)) for language, one in given.items()})
    out.mkdir(parents=True, exist_ok=True)
    settings = {"name": name, "kind": entry.kind, **finding.settings()}
    (out / "finding.json").write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with open(out / "table.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(finding.table)
        writer.writerows(zip(*finding.table.values(), strict=True))
    print(f"probe {name}: {finding.measured} The claim {finding.verdict}.", flush=True)
