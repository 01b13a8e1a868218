"""What a model card is made of: Markdown that shows any text as it is, and the sections about results and about origins."""
