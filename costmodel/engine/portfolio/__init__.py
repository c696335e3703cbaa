"""A portfolio of reservations and Savings Plans with a proven distance from the optimum.

A linear programme on clustered hours gives a lower bound and a starting point; the simulator
gives the bill. AWS's order of application is not the cheapest assignment, so the bound is not
always reached.
"""

from costmodel.engine.portfolio.cluster import cluster_hours as cluster_hours
from costmodel.engine.portfolio.linear import LinearSolution as LinearSolution
from costmodel.engine.portfolio.linear import solve_linear_programme as solve_linear_programme
from costmodel.engine.portfolio.offers import Offers as Offers
from costmodel.engine.portfolio.offers import dominated_offers as dominated_offers
from costmodel.engine.portfolio.search import PortfolioPlan as PortfolioPlan
from costmodel.engine.portfolio.search import plan_portfolio as plan_portfolio
from costmodel.engine.portfolio.search import simulate_portfolio as simulate_portfolio
