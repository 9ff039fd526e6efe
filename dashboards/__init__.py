"""
Grafana dashboards and Prometheus rules for the waiting room; they know the catalogue of metrics and nothing else.
"""
