"""The commands of `hoctap`, one module each."""
