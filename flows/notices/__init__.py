"""Notices to many people."""
