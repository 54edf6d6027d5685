"""Plugins: the built-ins, which come in through the same door as a vendor's."""
