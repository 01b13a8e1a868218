"""How far what texts are made of is from an earlier version: eojeols, scripts, characters. A part of `malmoi.drift`.

All counts of eojeols are of those that a profile keeps (see there what that costs). Their divergence is over the COMPARED most frequent of
both versions that occur OFTEN enough for the approximation by chi-squared (Cochran (1954), Some methods for strengthening the common
chi-squared tests: five expected in either), and one bin for the rest; so it is a lower bound of that over all words. Characters that were
not met before: Good (1953), The population frequencies of species and the estimation of population parameters.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from malmoi import divergence
from malmoi.contract import SHOWN, Drift, Measure, Profile, moved, number
from malmoi.divergence import furthest
from malmoi.profile import total
from malmoi.rows import SPLITS

COMPARED, OFTEN = 1_000, 10  # eojeols; occurrences in both versions together
REST = ""  # no eojeol is empty


def measures(before: Profile, after: Profile, limits: Drift) -> Iterator[Measure]:
    """One measure for each limit that is asked, two for `oov`."""
    yield from _oov(before, after, limits)
    yield from _eojeols(before, after, limits)
    yield from _scripts(before, after, limits)


def _oov(before: Profile, after: Profile, limits: Drift) -> Iterator[Measure]:
    """Words of test, and of train, that the earlier train's most frequent ones lack; both beside what the earlier test lacked."""
    known = before["splits"]["train"]["eojeols"]["counts"].keys()
    test, *others = (profile["splits"][split]["eojeols"] for profile, split in ((before, "test"), (after, "test"), (after, "train")))
    was = _lacking(test, known)
    for split, words in zip(("test", "train") if limits.oov is not None else (), others, strict=False):
        now = _lacking(words, known)
        fresh = [(word, count) for word, count in words["counts"].items() if word not in known][:SHOWN]
        shown = tuple(f"{word!r} {count:,} times" for word, count in fresh)
        together = (was * test["total"] + now * words["total"]) / max(1, test["total"] + words["total"])
        most = max(limits.oov or 0.0, divergence.chance_of_share(together, test["total"], words["total"]))
        said = f"rise of the share of eojeols of {split} that the earlier train lacks"
        yield Measure("oov", said, now - was, None, most, (f"test {number(was)}", f"{split} {number(now)}"), shown)


def _lacking(words: dict[str, Any], known: Collection[str]) -> float:
    return 1 - sum(count for word, count in words["counts"].items() if word in known) / max(1, words["total"])


def _eojeols(before: Profile, after: Profile, limits: Drift) -> Iterator[Measure]:
    if limits.eojeols is None:
        return
    counts = [total(profile, "eojeols", "counts") for profile in (before, after)]
    totals = [sum(profile["splits"][split]["eojeols"]["total"] for split in SPLITS) for profile in (before, after)]
    shares = {word: sum(found[word] / max(1, total) for found, total in zip(counts, totals, strict=True)) for word in counts[0] | counts[1]}
    common = [word for word in shares if counts[0][word] + counts[1][word] >= OFTEN]
    compared = sorted(common, key=lambda word: (-shares[word], word))[:COMPARED]
    was, now = (Counter({word: found[word] for word in compared}) for found in counts)
    for found, size in zip((was, now), totals, strict=True):
        found[REST] = size - found.total()
    shown = tuple(moved(word, was, now) for word in furthest(was, now)[: SHOWN + 1] if word != REST)
    most = max(limits.eojeols, divergence.chance_of_information(len(compared) + 1, *totals))
    said = "divergence of the frequencies of eojeols (Jensen-Shannon, bits)"
    yield Measure("eojeols", said, divergence.jensen_shannon(was, now), None, most, (f"{totals[0]:,}", f"{totals[1]:,}"), shown)


def _scripts(before: Profile, after: Profile, limits: Drift) -> Iterator[Measure]:
    was, now = (total(profile, "scripts") for profile in (before, after))
    places = after["places"]
    quoted = [f"{moved(name, was, now)}, {places['scripts'][name]['text']!r}" for name in furthest(was, now) if now[name]]
    if limits.scripts is not None:
        said, value = "distance of the shares of scripts (total variation)", divergence.total_variation(was, now)
        yield Measure("scripts", said, value, None, limits.scripts, (_commonest(was), _commonest(now)), tuple(quoted))
    if limits.new_scripts is not None:
        fresh = [name for name in furthest(was, now) if not was[name]]
        shown = tuple(f"{name}: {now[name]:,} characters, {places['scripts'][name]['text']!r}" for name in fresh)
        share = sum(now[name] for name in fresh) / max(1, now.total())
        sizes = f"{len(was)} scripts", f"{len(now)} scripts"
        most = max(limits.new_scripts, divergence.chance_of_new(before["rows"]["kept"]))
        yield Measure("new_scripts", "share of characters of scripts that were not there", share, None, most, sizes, shown)
    if limits.new_characters is not None:
        yield _new_characters(before, after, limits.new_characters)


def _new_characters(before: Profile, after: Profile, limit: float) -> Measure:
    """Chance: what Good and Turing expect of characters that were not met yet, and as for one script."""
    was, now = (total(profile, "characters", "counts") for profile in (before, after))
    size = sum(after["splits"][split]["characters"]["total"] for split in SPLITS)
    fresh = {character: count for character, count in now.most_common() if character not in was}
    places = after["places"]["characters"]
    shown = tuple(f"{c!r} (U+{ord(c):04X}) {n:,} times, {places.get(c, {'text': ''})['text']!r}" for c, n in [*fresh.items()][:SHOWN])
    share = sum(fresh.values()) / max(1, size)
    once = sum(count == 1 for count in was.values()) / max(1, was.total())
    most = max(limit, once + divergence.chance_of_new(before["rows"]["kept"]))
    sizes = f"{len(was):,} characters", f"{len(now):,} characters"
    return Measure("new_characters", "share of characters that were not there", share, None, most, sizes, shown)


def _commonest(counts: Counter[str]) -> str:
    return "".join(f"{name} {number(count / counts.total())}" for name, count in counts.most_common(1))
