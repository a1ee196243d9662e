"""Grafana dashboards from code: `*.dashboard.py` tell what is shown, `lib` how it looks."""
