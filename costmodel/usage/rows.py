"""One meter of one part → a row of usage, and what keeps it from a price key or a quantity."""

import math
from collections.abc import Sequence

from costmodel.catalog.sheet import PRICING_MODELS
from costmodel.engine.formula.scalar import as_flag, as_number, is_given
from costmodel.errors import Issue, IssueReason
from costmodel.usage.inputs import missing_inputs
from costmodel.usage.parts import Part, Run, Scope
from costmodel.usage.plan import PlannedMeter, Tables
from costmodel.usage.spec import Resource
from costmodel.usage.table import UsageLine, Working


def meter_line(
    run: Run, planned: PlannedMeter, part: Part, scope: Scope, tables: Tables
) -> UsageLine | None:
    """Return a meter's row of one part, or None where the meter does not apply.

    Args:
        run: the resource under way; what is missing becomes an issue of it.
        planned: the meter.
        part: whose row it is.
        scope: what the meter's formulas read.
        tables: what they look up.
    """
    meter = planned.meter
    if meter.when is not None and not as_flag(meter.when.value(scope, tables)):
        return None
    refused = part.refused
    quantity, lacks_usage = _quantity(planned, part, scope, tables)
    name = meter.name.value(scope, tables)
    usage_type = meter.usage_type.value(scope, tables)
    if refused and not refused.isdisjoint(planned.key_names):
        usage_type = None
    if name is None or (refused and not refused.isdisjoint(meter.name.names)):
        name = planned.short_name
    model, lease, option, offering_class, plan_type = [
        text(scope, tables) for text in planned.purchase
    ]
    line = UsageLine(
        path=(*part.path, meter.path) if meter.path else part.path,
        name=name,
        service_code=meter.service_code,
        region_id=part.region if meter.region is None else meter.region.value(scope, tables),
        usage_type=usage_type,
        operation=meter.operation.value(scope, tables),
        variant=meter.variant.value(scope, tables),
        unit=meter.unit,
        quantity=quantity,
        is_usage_based=math.isnan(quantity) and lacks_usage,
        pools_tiers=meter.tier_scope == "account",
        model=model if model in PRICING_MODELS else "OnDemand",
        lease=lease,
        option=option,
        offering_class=offering_class,
        plan_type=plan_type,
        working=Working(
            meter,
            planned.names,
            tuple([scope[name] for name in planned.names]),
            bool(planned.usage_names),
        ),
    )
    if line.usage_type is None or line.operation is None or _lacks_quantity(line):
        _report_missing(run, planned, part, scope, line)
    elif part.resource.unknown:
        _report_late(run, planned, part, scope, line)
    return line


def _quantity(
    planned: PlannedMeter, part: Part, scope: Scope, tables: Tables
) -> tuple[float, bool]:
    """Return a meter's quantity, NaN unknown, and whether usage it is made of is not given."""
    # A formula takes what is not valid for absent, and would give the ordinary case: a guess.
    if part.refused and not part.refused.isdisjoint(planned.quantity_names):
        return math.nan, False
    quantity = as_number(planned.meter.quantity.value(scope, tables)) * part.count
    return quantity, any(not is_given(scope[name]) for name in planned.usage_names)


def _lacks_quantity(line: UsageLine) -> bool:
    return math.isnan(line.quantity) and not line.is_usage_based


def _report_missing(
    run: Run, planned: PlannedMeter, part: Part, scope: Scope, line: UsageLine
) -> None:
    """Say which inputs keep a row from having a price key or a quantity."""
    meter, resource = planned.meter, part.resource
    names: set[str] = set()
    if line.usage_type is None or line.operation is None:
        names |= meter.usage_type.names | meter.operation.names
    if _lacks_quantity(line):
        names |= meter.quantity.names
    if not part.refused.isdisjoint(planned.quantity_names | planned.key_names):
        return  # its own issue has said so
    lacking = missing_inputs(sorted(names), scope)
    late = [name for name in _late_names(planned, resource, scope) if name in lacking]
    if late or lacking:
        says = "is known only after apply" if late else "is not given or not known"
        what = f"{', '.join(late or lacking)} {says}"
    elif math.isnan(part.count):
        what = "how many there are is not known"
    else:
        what = f"nothing is priced for {_stated(sorted(names), scope)}; check the value"
    reason = IssueReason.UNRESOLVED if late else IssueReason.MISSING_INPUT
    issue = Issue(reason, resource.address, f"{line.name}: {what}")
    run.issues.append((planned.position, issue))


def _report_late(
    run: Run, planned: PlannedMeter, part: Part, scope: Scope, line: UsageLine
) -> None:
    """Say which values come only after apply, where a formula goes on without them."""
    late = _late_names(planned, part.resource, scope)
    if late:
        says = f"{', '.join(late)} is known only after apply: priced as if it were not given"
        issue = Issue(IssueReason.UNRESOLVED, part.resource.address, f"{line.name}: {says}")
        run.issues.append((planned.position, issue))


def _late_names(planned: PlannedMeter, resource: Resource, scope: Scope) -> list[str]:
    unknown = resource.unknown
    return [
        name
        for name, path in planned.open_paths
        if (path in unknown or path.partition(".")[0] in unknown) and not is_given(scope[name])
    ]


def _stated(names: Sequence[str], scope: Scope) -> str:
    """Return the values a look-up was made with and found nothing: ``size 'huge'``."""
    said = [
        f"{name} {value!r}" if isinstance(value, str) else f"{name} {value:g}"
        for name, value in ((name, scope[name]) for name in names if name in scope)
        if isinstance(value, str | float)
    ]
    return ", ".join(said) or "what is given"
