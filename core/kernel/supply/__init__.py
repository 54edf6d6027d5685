"""How many and shared with whom: offers within reach, k-th nearest, two-step access."""
