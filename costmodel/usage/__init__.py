"""What is used, without prices: specs, and their expansion into usage rows."""
