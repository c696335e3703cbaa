"""Bills at catalog prices: reconciliation, and what-if scenarios on a whole bill.

The engine adds usage up by price key and tier pool; each distinct key is priced once in numpy, and
the cost is gathered back.
"""
