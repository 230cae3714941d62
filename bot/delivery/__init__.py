"""Delivery: sends what the outbox holds, as fast as a channel allows, and notes what became of it."""
