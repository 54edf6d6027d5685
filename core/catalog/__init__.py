"""Catalogue: the plugins that this process has, and what each tenant sees of them."""
