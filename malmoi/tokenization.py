"""One tokenizer, ready to cut: a member of `tokenizers/` with its options, what it learned, and a cache in front of it.

Every stage, and serving, comes here. A tokenizer that learns (subwords) or takes a file along (a user dictionary) has a folder, which
`fit` fills from the training split and which travels with every model.
"""

import hashlib
import json
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from malmoi import config, registry

ROOM = Path(registry.HERE) / "tokenizers"
AT_ONCE = 2_000  # texts that are cut between two visits to the cache: what an interrupted run loses at most
SETTINGS = {"malmoi.config", "malmoi.registry"}  # code that cuts nothing
Cut = Callable[[Sequence[str]], list[list[str]]]


class Cache(Protocol):
    """Where tokens are remembered; `malmoi.token_cache.TokenCache` is one."""

    def get(self, maker: str, texts: Sequence[str]) -> list[list[str] | None]:
        """The tokens of each text as `maker` cut it; None where they are not known."""

    def put(self, maker: str, texts: Sequence[str], documents: Sequence[list[str]]) -> None:
        """Remember them."""


class Tokenizer:
    """Texts in, tokens out, in order. Text is made NFC first, as all corpora are.

    lossless: `join(tokens)` gives the (NFC) text back. left_out: what is thrown away on purpose (stop words, ...), in words, or "".
    failures: indices, over all texts given so far, of those that the analyzer failed on. remembered: how many texts the cache knew.
    """

    def __init__(self, name: str, options: dict[str, Any], folder: Path | None = None, cache: Cache | None = None) -> None:
        self.name, self.options, self.failures, self.remembered = name, options, list[int](), 0
        room = registry.find("tokenizers", name)
        params = config.read(room.Params, options, f"tokenizer {name}")
        self.lossless, self.left_out = bool(room.lossless(params)), str(getattr(room, "left_out", lambda _: "")(params))
        self._folder = folder if hasattr(room, "fit") else None
        self._build: Callable[[], Cut] = lambda: room.build(params, self._folder) if self._folder else room.build(params)
        cheap = getattr(room, "CHEAP", False) and _inside(room, params) is None
        self._cache = None if cheap else cache  # some cut faster than anything is looked up
        self._seen, self._given, self._maker = 0, 0, ""
        self._cut: Any = None
        self._room, self._params, self._lock = room, params, threading.Lock()

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """Tokens of each text; an empty text has none."""
        texts = [text if text.isascii() else unicodedata.normalize("NFC", text) for text in texts]
        with self._lock:  # servers ask from several threads; not every analyzer can be
            if self._cache is None:
                documents, failed = self._cut_new(texts)
                self._count(len(texts), failed)
                return documents
            parts = [self._remembered(texts[start : start + AT_ONCE], self._cache) for start in range(0, len(texts), AT_ONCE)]
        return [tokens for part in parts for tokens in part]

    def without_cache(self) -> "Tokenizer":
        """The same tokenizer with nothing remembered: what cutting costs."""
        return Tokenizer(self.name, self.options, self._folder)

    def join(self, tokens: Sequence[str]) -> str:
        """The text of tokens, where the tokenizer is lossless: the tokens side by side, or what its file's own `join` makes of them."""
        return str(getattr(self._room, "join", "".join)(tokens))

    @property
    def maker(self) -> str:
        """What the tokens depend on beside the text, as one name: code, options, the versions of packages, the folder's files."""
        self._maker = self._maker or fingerprint(self._room, self._params, self._folder)
        return self._maker

    def _remembered(self, texts: list[str], cache: Cache) -> list[list[str]]:
        known = cache.get(self.maker, texts)
        unknown = list(dict.fromkeys(text for text, tokens in zip(texts, known, strict=True) if tokens is None))
        documents, failed = self._cut_new(unknown)
        fresh = dict(zip(unknown, documents, strict=True))
        poor = {unknown[place] for place in failed}  # a failure may be the moment's fault: not remembered
        cut = [text for text in unknown if text not in poor]
        cache.put(self.maker, cut, [fresh[text] for text in cut])
        self.remembered += sum(tokens is not None for tokens in known)
        self._count(len(texts), [place for place, text in enumerate(texts) if text in poor] if poor else [])
        return [fresh[text] if tokens is None else tokens for text, tokens in zip(texts, known, strict=True)]

    def _cut_new(self, texts: list[str]) -> tuple[list[list[str]], list[int]]:
        """(tokens of each text, indices of those that the analyzer failed on)."""
        if not texts:
            return [], []
        self._cut = self._cut or self._build()
        start, before = self._given, len(getattr(self._cut, "failures", []))
        documents: list[list[str]] = self._cut(texts)
        self._given += len(texts)
        return documents, [index - start for index in getattr(self._cut, "failures", [])[before:] if 0 <= index - start < len(texts)]

    def _count(self, texts: int, failed: list[int]) -> None:
        self.failures += [self._seen + place for place in failed]
        self._seen += texts


def check(name: str, options: dict[str, Any], where: str) -> None:
    """Raises ConfigError, beginning with `where`, for a tokenizer that is not there or options that cannot be right."""
    config.read(registry.find("tokenizers", name).Params, options, where)


def fit(name: str, options: dict[str, Any], texts: Iterable[str], folder: Path, where: str) -> None:
    """Let a tokenizer learn from the training texts, or check and take along its files; nothing for those that need neither.

    Raises ConfigError, beginning with `where`, for options that cannot be right.
    """
    room = registry.find("tokenizers", name)
    params = config.read(room.Params, options, where)
    if hasattr(room, "fit"):
        room.fit(texts, params, folder)


def fingerprint(room: ModuleType, params: Any, folder: Path | None) -> str:
    """Hash of all that decides how a text is cut: never the same name for two ways to cut."""
    silent = getattr(room, "SPEED_ONLY", ())
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    inside = _inside(room, params)
    about = {
        "options": {key: value for key, value in asdict(params).items() if key not in silent},
        "packages": {package: metadata.version(package) for package in getattr(room, "PACKAGES", ())},
        "inside": fingerprint(inside[0], inside[1], None) if inside else None,
        "unicode": unicodedata.unidata_version,
        "files": [hashlib.sha256(path.read_bytes()).hexdigest() for path in [*sorted(_sources(room)), *files]],
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _inside(room: ModuleType, params: Any) -> tuple[ModuleType, Any] | None:
    """The tokenizer that another one cuts with first (morphemes, of subwords), with its options."""
    found: tuple[ModuleType, Any] | None = getattr(room, "inside", lambda _: None)(params)
    return found


def _sources(room: ModuleType) -> set[Path]:
    """The tokenizer's own code, what its room shares, and what of malmoi these import."""
    waiting, found = [room.__name__], set[str]()
    while waiting:
        name = waiting.pop()
        found.add(name)
        parts = [getattr(part, "__module__", None) or getattr(part, "__name__", "") for part in vars(sys.modules[name]).values()]
        waiting += {part for part in map(str, parts) if part.startswith("malmoi.") and part in sys.modules} - found - SETTINGS
    return {Path(str(sys.modules[name].__file__)) for name in found} | set(ROOM.glob("_*.py"))
