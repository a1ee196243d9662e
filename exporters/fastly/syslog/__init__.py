"""Log lines over TCP as a syslog endpoint sends them, with or without TLS.

    connection ─▶ frames (octet-counted or LF) ─▶ message (token, header off) ─▶ gatherer ─▶ spool

Syslog has no answer: lines are safe from the sync on, at most a fraction of a second after they
came. When the spool takes nothing, nothing is read: the sender has to wait.
"""

from exporters.fastly.syslog.gatherer import Gatherer
from exporters.fastly.syslog.listener import SyslogListener, SyslogPolicy

__all__ = ["Gatherer", "SyslogListener", "SyslogPolicy"]
