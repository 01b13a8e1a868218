"""Options that every morphological analyzer takes, and what they do to its morphemes: tags, filters by part of speech, stop words.

An analyzer gives (morpheme, tag) pairs; `finish` makes tokens of them. A user dictionary is read once, when the tokenizer is fitted, and
copied beside what the tokenizer leaves, so that a model takes it along wherever it is served.
"""

import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import Path

from malmoi.config import ConfigError, params

DICTIONARY = "dictionary.tsv"  # the user dictionary's name in the folder of a fitted tokenizer
UNKNOWN = "UNKNOWN"  # the tag of what an analyzer has nothing for
SPACED = re.compile(r"\s*\S+|\s+")  # a word with the whitespace before it; what is left at the end of the text
LONE_SURROGATES = re.compile("[\ud800-\udfff]")  # no UTF-8 and no UTF-16 has them
Pairs = Sequence[tuple[str, str]]  # morphemes with their parts of speech


@params
class Options:
    """pos: parts of speech with the tokens (먹/Verb). keep: only morphemes whose tag starts with one of these (N: all nouns of the Sejong
    tags; Noun: Okt's). stop_words: morphemes that are left out, as they come from the analyzer, without their tag.
    """

    pos: bool = False
    keep: list[str] = field(default_factory=list)
    stop_words: list[str] = field(default_factory=list)

    @property
    def left_out(self) -> str:
        """What is thrown away on purpose, in words; empty where nothing is. No language model is made of what is left."""
        parts = [f"only parts of speech {', '.join(self.keep)} are kept (keep)"] if self.keep else []
        return "; ".join(parts + (["stop words are left out (stop_words)"] if self.stop_words else []))


def finish(pairs: Pairs, options: Options) -> list[str]:
    """Tokens of one text.

    >>> finish([("말", "NNG"), ("을", "JKO"), ("모으", "VV")], Options(keep=["N", "V"], pos=True))
    ['말/NNG', '모으/VV']
    """
    if options.keep or options.stop_words:
        kept, stopped = tuple(options.keep), set(options.stop_words)
        pairs = [(morph, tag) for morph, tag in pairs if (not kept or tag.startswith(kept)) and morph.lstrip() not in stopped]
    return [f"{morph}/{tag}" for morph, tag in pairs] if options.pos else [morph for morph, _ in pairs]


def check_tags(keep: Iterable[str], tags: Sequence[str]) -> None:
    """Raises ValueError (for a Params' own check) at a `keep` that no tag of the analyzer starts with."""
    for wanted in keep:
        if not any(tag.startswith(wanted) for tag in tags):
            raise ValueError(f"keep: no part of speech starts with {wanted!r}; there are: {', '.join(tags)}")


def well_formed(text: str) -> str:
    """The text with U+FFFD for every lone surrogate, place for place: what analyzers in other languages can take."""
    return text if text.isascii() else LONE_SURROGATES.sub("\ufffd", text)


def parts(text: str, longest: int) -> Iterator[str]:
    """The text in parts of whole words, each of at most `longest` characters; joined they give it back. Longer words are cut."""
    if len(text) <= longest:
        yield text
        return
    start = end = 0
    for found in SPACED.finditer(text):
        if found.end() - start > longest and end > start:
            yield text[start:end]
            start = end
        for cut in range(start + longest, found.end(), longest):
            yield text[start:cut]
            start = cut
        end = found.end()
    yield text[start:]


def take_dictionary(path: str, folder: Path, tags: Sequence[str] = ()) -> None:
    """Copy a user dictionary, checked, into the folder of a fitted tokenizer. `tags`: the only ones that the analyzer takes.

    Raises ConfigError with the line that cannot be right.
    """
    source = Path(path)
    for number, _, tag in numbered_entries(source):
        if tags and tag not in tags:
            raise ConfigError(f"{path}:{number}: the analyzer takes no words with the tag {tag!r}; there are: {', '.join(tags)}")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / DICTIONARY)


def read_dictionary(path: Path) -> list[tuple[str, str]]:
    """(morpheme, tag) of each line `morpheme<TAB>tag`; blank lines and lines that begin with # are passed over.

    Raises ConfigError, with the line's number, where a line is anything else or the file is not there or not UTF-8.
    """
    return [(morpheme, tag) for _, morpheme, tag in numbered_entries(path)]


def numbered_entries(path: Path) -> list[tuple[int, str, str]]:
    """(line, morpheme, tag) of what `read_dictionary` reads."""
    if not path.is_file():
        raise ConfigError(f"{path}: no user dictionary there; write one (morpheme<TAB>tag on each line) or leave `dictionary` out")
    entries: list[tuple[int, str, str]] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
        except UnicodeDecodeError:
            raise ConfigError(f"{path}:{number}: not UTF-8; save the dictionary as UTF-8") from None
        if not text.strip() or text.startswith("#"):
            continue
        fields = text.split("\t")
        if len(fields) != 2 or not all(part.strip() for part in fields):
            raise ConfigError(f"{path}:{number}: should be morpheme<TAB>tag (as 말모이<TAB>NNP), found {text!r}")
        entries.append((number, unicodedata.normalize("NFC", fields[0].strip()), fields[1].strip()))
    return entries
