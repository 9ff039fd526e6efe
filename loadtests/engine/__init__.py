"""
The load generator: Locust, driven by a clock.
"""
