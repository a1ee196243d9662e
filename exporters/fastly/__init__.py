"""The CDN's log stream: receive, spool, measure, count; and its real-time statistics."""
