"""
The OpenAPI document of the visitor's, the gate's and the proxy's HTTP, made from the words that the code itself uses.

What depends on a setting (the prefix) or on code that may change (reasons, states, headers, statuses) is taken from
there, so that nothing stands in two lists; what the service really answers is held against it by `tests.openapi`.
The operator's calls are not in it: it is public, and these have one client, the command line that comes with them.
"""
