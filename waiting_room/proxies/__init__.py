"""
Configurations for the proxies that ask the authorize endpoint. Pure: settings in, text out.
"""
