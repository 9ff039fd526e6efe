"""
What is wrong with a set-up, asked before a promotion: a shop from outside, and Redis from inside.

Probes gather facts and change nothing; checks turn facts into findings, and touch nothing.
"""
