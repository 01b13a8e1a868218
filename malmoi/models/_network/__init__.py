"""What networks are made of, learn with and answer by. A family, a file beside this folder, says which blocks it has."""
