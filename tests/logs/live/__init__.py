"""Logs of real containers."""
