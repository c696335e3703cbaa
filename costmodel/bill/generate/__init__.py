"""Realistic bills of any size from a seed and a price list: for demos, tests and benchmarks."""
