"""One file per source or file format. Each: `Params`, `read(files, params) -> Iterator[Example | Dropped]`.

A row that cannot be used is yielded as a `Dropped` with its reason, never skipped; a file that cannot be right raises ConfigError.
"""
