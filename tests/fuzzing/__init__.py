"""
Hostile requests by the hundred thousand, at every gate and at the endpoint for proxies: ``python -m tests.fuzzing``.
"""
