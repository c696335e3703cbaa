"""Daily cost series for tests and benchmarks: real ones, and families of the shapes bills have."""

import csv
from collections import defaultdict

import numpy as np

from costmodel.engine.anomaly import expect

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
    families = {
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
    works = level() * noise(0.1) * ~np.isin(day % 7, (5, 6))
    shifts = np.exp(
        np.cumsum((random.random(shape) < 0.02) * random.normal(0, 0.5, shape), axis=1)
    )
    return families | {
        "idle weekend": works,
        "idle weekend, steps": works * shifts,
        "credits": families["noise"] * (1 - 3.0 * (day % 30 == 3)),
    }


def read_daily_cost(paths) -> np.ndarray:
    """Return the seven real series (categories, projects, total) that ever cost anything."""
    days: dict[str, dict[str, float]] = defaultdict(dict)
    for path in paths:
        with path.open() as file:
            for row in csv.DictReader(file):
                days[row["series"]][row["date"]] = float(row["cost_usd"])
    dates = sorted(days["project_id=binder-prod"])
    table = {name: [cost.get(day, np.nan) for day in dates] for name, cost in days.items()}
    categories = [values for name, values in table.items() if name.startswith("category")]
    used = [values for values in table.values() if np.nansum(values) > 0]
    return np.array([*used, np.nansum(categories, axis=0)])


def rates(y: np.ndarray, threshold: float, detector) -> tuple[float, float, list[float]]:
    """Return alarms, months and recall of a one-day spike of × 1.25, × 1.5, × 2 on any day."""
    expected, scale = detector(y[~np.isnan(y)][None])
    y = y[~np.isnan(y)]
    known = ~np.isnan(scale[0])
    y, expected, scale = y[known], expected[0, known], scale[0, known]
    alarm = y - expected > threshold * scale
    merged = alarm[0] + (alarm[1:] & ~alarm[:-1]).sum()
    spend = y >= 1.0  # a quarter of a cent more is not a spike
    recall = [(f * y - expected > threshold * scale)[spend].mean() for f in (1.25, 1.5, 2.0)]
    return float(merged), known.sum() / 30.4, recall


def trailing_z(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best row of the reference: trailing 14 days, z, scale at least 2 % of the mean."""
    windows = np.lib.stride_tricks.sliding_window_view(y[:, :-1], 14, axis=1)
    mean, scale = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    mean[:, 14:] = windows.mean(axis=2)
    scale[:, 14:] = np.maximum(windows.std(axis=2), 0.02 * mean[:, 14:])
    return mean, scale


def score_days(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ours: expected cost and usual residual of each day."""
    expectation = expect(y)
    return expectation.expected, expectation.scale


def recall_at(series: np.ndarray, alarms_per_month: float, detector) -> np.ndarray:
    """Return mean recall at the threshold that gives so many alarms per series-month."""
    low, high = 0.1, 60.0
    for _ in range(25):
        middle = (low + high) / 2
        alarms, months, _ = zip(*(rates(y, middle, detector) for y in series), strict=True)
        low, high = (
            (middle, high) if sum(alarms) / sum(months) > alarms_per_month else (low, middle)
        )
    return np.mean([rates(y, high, detector)[2] for y in series], axis=0)
