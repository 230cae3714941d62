"""Acts on many forms at once: ordered in one turn, carried out piece by piece, and undone while nobody was told."""
