"""Around one home, outlet or point: the way to the nearest, and reach as land and people."""
