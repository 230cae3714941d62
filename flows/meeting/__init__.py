"""The branch meeting, after which a village is closed and goes up to the commune."""
