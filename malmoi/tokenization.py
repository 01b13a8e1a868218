"""One tokenizer, ready to cut: a member of `tokenizers/` with its options, what it learned, and a cache in front of it.

Every stage, and serving, comes here. A tokenizer that learns (subwords) or takes a file along (a user dictionary) has a folder, which
`fit` fills from the training split and which travels with every model.
"""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from malmoi import config, registry

ROOM = Path(registry.HERE) / "tokenizers"
Cut = Callable[[Sequence[str]], list[list[str]]]


class Cache(Protocol):
    """Where tokens are remembered; `malmoi.token_cache.TokenCache` is one."""

    def get(self, maker: str, texts: Sequence[str]) -> list[list[str] | None]:
        """The tokens of each text as `maker` cut it; None where they are not known."""

    def put(self, maker: str, texts: Sequence[str], documents: Sequence[list[str]]) -> None:
        """Remember them."""


class Tokenizer:
    """Texts in, tokens out, in order. Text is made NFC first, as all corpora are.

    lossless: joined tokens give the (NFC) text back. left_out: what is thrown away on purpose (stop words, ...), in words, or "".
    failures: indices, over all texts given so far, of those that the analyzer failed on.
    """

    def __init__(self, name: str, options: dict[str, Any], folder: Path | None = None, cache: Cache | None = None) -> None:
        self.name, self.options, self.failures = name, options, list[int]()
        room = registry.find("tokenizers", name)
        params = config.read(room.Params, options, f"tokenizer {name}")
        self.lossless, self.left_out = bool(room.lossless(params)), str(getattr(room, "left_out", lambda _: "")(params))
        self._folder = folder if hasattr(room, "fit") else None
        self._build: Callable[[], Cut] = lambda: room.build(params, self._folder) if self._folder else room.build(params)
        self._cache, self._seen, self._maker = cache, 0, ""
        self._cut: Any = None
        self._room, self._params = room, params

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """Tokens of each text; an empty text has none."""
        texts = [text if text.isascii() else unicodedata.normalize("NFC", text) for text in texts]
        documents = self._cut_new(texts) if self._cache is None else self._remembered(texts, self._cache)
        self._seen += len(texts)
        return documents

    @property
    def maker(self) -> str:
        """What the tokens depend on beside the text, as one name: code, options, the versions of packages, the folder's files."""
        self._maker = self._maker or fingerprint(self._room, self._params, self._folder)
        return self._maker

    def _remembered(self, texts: list[str], cache: Cache) -> list[list[str]]:
        known = cache.get(self.maker, texts)
        places = [place for place, tokens in enumerate(known) if tokens is None]
        unknown = list(dict.fromkeys(texts[place] for place in places))
        failed = len(self.failures)
        fresh = dict(zip(unknown, self._cut_new(unknown) if unknown else [], strict=True))
        if fresh and len(self.failures) == failed:  # a failure may be the moment's fault: not remembered
            cache.put(self.maker, list(fresh), list(fresh.values()))
        return [fresh[text] if tokens is None else tokens for text, tokens in zip(texts, known, strict=True)]

    def _cut_new(self, texts: list[str]) -> list[list[str]]:
        self._cut = self._cut or self._build()
        before = len(getattr(self._cut, "failures", []))
        documents: list[list[str]] = self._cut(texts)
        self.failures += getattr(self._cut, "failures", [])[before:]
        return documents


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
    sources = [ROOM / f"{room.__name__.rsplit('.', 1)[1]}.py", *sorted(ROOM.glob("_*.py"))]
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    about = {
        "options": {key: value for key, value in asdict(params).items() if key not in silent},
        "packages": {package: metadata.version(package) for package in getattr(room, "PACKAGES", ())},
        "files": [hashlib.sha256(path.read_bytes()).hexdigest() for path in [*sources, *files]],
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()[:32]
