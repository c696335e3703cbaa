"""Synthetic daily cost series of the shapes bills have; the seed is the caller's."""

import numpy as np

DAYS = 500


def make_families(seed: int, count: int = 16) -> dict[str, np.ndarray]:
    """Return families of (count, DAYS) series."""
    random = np.random.default_rng(seed)
    day = np.arange(DAYS)
    shape = (count, DAYS)

    def level() -> np.ndarray:
        return np.exp(random.normal(3, 1, (count, 1)))

    def noise(size: float) -> np.ndarray:
        return random.lognormal(0, size, shape)

    week = np.ones((count, 7))
    week[:, :2] = random.uniform(0.3, 0.8, (count, 2))
    steps = np.exp(np.cumsum((random.random(shape) < 0.01) * random.normal(0, 0.5, shape), axis=1))
    busy = random.random(shape) < random.uniform(0.05, 0.4, (count, 1))
    return {
        "noise": level() * noise(0.08),
        "trend": level() * (1 + random.uniform(-0.0008, 0.004, (count, 1)) * day) * noise(0.04),
        "weekly": level() * week[:, day % 7] * noise(0.06),
        "step": level() * steps * noise(0.05),
        "intermittent": busy * level() * noise(0.7),
        "month-start fee": level() * (noise(0.05) + 3.0 * (day % 30 == 0)),
        "constant": np.repeat(level(), DAYS, axis=1),
        "random walk": level() * np.exp(np.cumsum(random.normal(0, 0.03, shape), axis=1)),
        "outliers": level() * noise(0.06) * (1 + 4.0 * (random.random(shape) < 0.02)),
    }
