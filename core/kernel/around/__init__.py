"""Around one place: the nearest outlet and the way there, and how far one gets."""
