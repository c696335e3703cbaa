"""Questions to a bill: what is dear, what changed and why, who pays, what a unit costs.

Each question is one SQL text in the restricted dialect over the relation ``bill`` and a little
arithmetic on its few rows, so that it runs on every engine.
"""
