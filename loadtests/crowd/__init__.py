"""
Who the shoppers are, drawn from a seed.
"""
