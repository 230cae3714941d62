"""Roles: invitations, and taking a role away."""
