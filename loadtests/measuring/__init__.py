"""
What a run found out, counted and summed up.
"""
