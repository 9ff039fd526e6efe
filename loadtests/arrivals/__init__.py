"""
When shoppers come: rates, models of spikes, and seeded lists drawn from them.
"""
