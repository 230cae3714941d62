"""The talks, one module each, every module in the order of the talk it makes."""
