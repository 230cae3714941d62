"""The resident's own form: answers, evidence, submitting."""
