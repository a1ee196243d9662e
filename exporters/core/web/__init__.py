"""The HTTP surface: the page and the metrics, and what guards them and every other listener."""
