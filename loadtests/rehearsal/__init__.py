"""
Rehearsals: the programs, the runs, the order of events.
"""
