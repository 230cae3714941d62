"""Words: how things are said in a language, spelt, and typed."""
