"""One file per claim about sequence models: `Params`, and `measure(params, sources)`. See `malmoi.probing`."""
