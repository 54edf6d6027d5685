"""Areas from nation to street: official codes, making tenants, plugins turned on and off."""
