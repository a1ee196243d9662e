"""Simulated listeners: log lines of a CDN, and a sender that brings them as Fastly does."""

from exporters.embedded.traffic.crowd import Crowd, Rates
from exporters.embedded.traffic.faults import Scenario, Weather
from exporters.embedded.traffic.listeners import DATACENTERS
from exporters.embedded.traffic.pages import CDN_HOST, HOSTS
from exporters.embedded.traffic.sender import Sender

__all__ = ["CDN_HOST", "DATACENTERS", "HOSTS", "Crowd", "Rates", "Scenario", "Sender", "Weather"]
