"""
The rehearsal: shoppers in a realistic spike, with and without the waiting room, ending in a verdict.
"""
