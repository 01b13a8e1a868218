"""What `behaviour` asks of a classifier: ways to rewrite a text so that its class stays, and sentences whose opinion nobody can miss."""
