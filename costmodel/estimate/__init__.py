"""Usage × catalog → cost: estimates, how lines are bought, and how each number came about."""
