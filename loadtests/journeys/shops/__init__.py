"""
Starting points for journeys through well-known shop systems: subclass one, and change what your shop does differently.
"""
