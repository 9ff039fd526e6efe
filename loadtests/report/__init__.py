"""
The rehearsal's report: one HTML file that opens offline, drawn from the results alone.
"""
