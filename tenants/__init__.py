"""Policy: who the cities and districts are, who may do what, and what goes up."""
