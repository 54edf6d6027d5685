"""Leaving: what happens when a tenant goes."""
