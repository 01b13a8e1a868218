"""One file per way to turn tokens into numbers. Each: `Params`, `fit(documents, params) -> Feature`, `load(folder) -> Feature`."""
