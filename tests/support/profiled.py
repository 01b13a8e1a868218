"""The profile that `ingest` would make of rows which are given split by split."""

from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from malmoi import cards, profile
from malmoi.cleaning import Drops
from malmoi.outline import Outline
from malmoi.rows import SPLITS, Dropped, Example

Row = tuple[str, str | None]  # text, label
ABOUT = {"corpus": "reviews", "language": "ko", "problem": "classify"}


def profiled(folder: Path, rows: dict[str, list[Row]], dropped: Iterable[Dropped] = (), **about: str) -> dict[str, Any]:
    """rows: by split, all three of them; folder: for counts that do not fit into memory."""
    placed = [(split, row) for split in SPLITS for row in rows[split]]
    examples = [Example(f"a.csv:{place}", text, label, "a.csv", row=place) for place, (_, (text, label)) in enumerate(placed, 1)]
    outline, fates = Outline(examples), np.array([SPLITS.index(split) for split, _ in placed], np.int8)
    described = {split: cards.Description() for split in SPLITS}
    profiler = profile.Profiler(folder, profile.repeated(outline, fates))
    for row, ((split, _), example) in enumerate(zip(placed, examples, strict=True)):
        described[split].add(example)
        profiler.add(row, split, example)
    drops = Drops()
    for one in dropped:
        drops.add(one)
    return profiler.profile(ABOUT | about | cards.card(described, drops, cards.duplicates(outline, fates)), described)


THINGS = ["배송은", "포장은", "색은", "천은", "값은", "맛은", "상담은", "크기는", "모양이", "냄새가", "소리가", "가방은", "신발이"]
HOW = ["정말", "아주", "너무", "조금", "생각보다", "역시", "처음부터", "끝까지", "그냥", "솔직히"]
GOOD = ["좋아요", "빨라서 만족해요", "마음에 들어요", "추천해요!", "다시 살게요"]
BAD = ["나빠요", "느려서 실망했어요", "마음에 안 들어요", "환불해 주세요!", "다시는 안 사요"]


def reviews(count: int, seed: int = 1) -> dict[str, list[Row]]:
    """So many made-up reviews, half of them good, divided 8 : 1 : 1."""
    random = Random(seed)
    rows: list[Row] = []
    for number in range(count):
        ends, label = ((BAD, "부정"), (GOOD, "긍정"))[number % 2]
        parts = [f"{random.choice(THINGS)} {random.choice(HOW)} {random.choice(ends)}" for _ in range(random.randint(1, 4))]
        rows.append((f"{' '.join(parts)} {random.randint(0, 10**6)}", label))  # a number, so that hardly any two are the same
    first, second = count * 8 // 10, count * 9 // 10
    return {"train": rows[:first], "valid": rows[first:second], "test": rows[second:]}
