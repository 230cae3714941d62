"""The committee's decision on what was proposed, and the register of those who are recognised."""
