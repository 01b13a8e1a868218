"""The project's token cache: where it is, how large it may grow. Stages that cut many texts use it; what is served does not.

`MALMOI_TOKEN_CACHE` names another folder, or says `off`; `MALMOI_TOKEN_CACHE_MB` sets the limit. It changes no result, only how long
it takes, and may be deleted at any time.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from malmoi.config import ConfigError

if TYPE_CHECKING:
    from malmoi.token_cache import TokenCache

FOLDER, LIMIT_MB = ".cache/tokens", "1024"


def tokens() -> "TokenCache | None":
    """The cache, or None where it is switched off. Raises ConfigError for a limit that is no number."""
    folder = os.environ.get("MALMOI_TOKEN_CACHE") or FOLDER
    if folder == "off":
        return None
    limit = os.environ.get("MALMOI_TOKEN_CACHE_MB") or LIMIT_MB
    if not limit.isdecimal() or int(limit) == 0:
        raise ConfigError(
            f"MALMOI_TOKEN_CACHE_MB should be a number of megabytes, such as {LIMIT_MB}, found {limit!r}; off: MALMOI_TOKEN_CACHE=off"
        )
    from malmoi.token_cache import TokenCache

    return TokenCache(Path(folder), int(limit))
