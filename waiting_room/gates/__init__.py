"""
What stands at the shop: one pure core that decides, and a thin adapter for each framework.
"""
