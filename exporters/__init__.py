"""Nearfield: Prometheus exporters for people who publish audio on a platform of their own."""
