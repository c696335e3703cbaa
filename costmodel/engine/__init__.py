"""Arrays in, arrays out: numpy only, no table library, file, clock or network."""
