"""One file per model family. Each: `Params`, `Training`, `build(params, training, spec) -> Model`, `load(folder) -> Model`."""
