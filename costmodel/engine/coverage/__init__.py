"""What AWS's rules cover in each hour: reserved instances, then Savings Plans.

The one mechanism is a list of (commitment, usage row) pairs in AWS's order; each pair draws what
is left of both, in all hours at once. Reservations draw normalised units, Savings Plans draw USD.
"""

from costmodel.engine.coverage.commitments import Commitments as Commitments
from costmodel.engine.coverage.commitments import Ownership as Ownership
from costmodel.engine.coverage.commitments import SharingMode as SharingMode
from costmodel.engine.coverage.normalization import Deployment as Deployment
from costmodel.engine.coverage.normalization import is_size_flexible as is_size_flexible
from costmodel.engine.coverage.normalization import normalization_factor as normalization_factor
from costmodel.engine.coverage.normalization import reserved_units as reserved_units
from costmodel.engine.coverage.reservations import Reservation as Reservation
from costmodel.engine.coverage.reservations import ReservedUsage as ReservedUsage
from costmodel.engine.coverage.reservations import apply_reservations as apply_reservations
from costmodel.engine.coverage.reservations import (
    reservation_commitments as reservation_commitments,
)
from costmodel.engine.coverage.waterfall import Allocation as Allocation
from costmodel.engine.coverage.waterfall import Coverage as Coverage
from costmodel.engine.coverage.waterfall import apply_commitments as apply_commitments
from costmodel.engine.coverage.waterfall import apply_savings_plans as apply_savings_plans
from costmodel.engine.coverage.waterfall import trace_commitments as trace_commitments
