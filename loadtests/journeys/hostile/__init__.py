"""
Shoppers who mean no good: what each tries, and whether it got anything by it.
"""
