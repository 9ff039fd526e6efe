"""
Where the rooms are kept; the only place that knows Redis.
"""
