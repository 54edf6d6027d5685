"""Composition root: the rooms, the app and the command; importing it builds nothing."""
