"""
The service over HTTP: pages for visitors, JSON for programs, the operator's calls.
"""
