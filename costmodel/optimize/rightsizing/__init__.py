"""The cheapest size that still carries the load, in every dimension."""
