"""
The gate of shops that stand behind a proxy: the proxy asks for each request whether it may pass.
"""
