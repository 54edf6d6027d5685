"""Questions asked of a finished run: what if, where to add, how far, which one, how many."""
