"""One file per way to cut text. Each: `Params`, `build(params) -> Tokenizer` (batches in, batches out)."""
