"""What a keeper sees of the requests: a line of the log for each, and counts for Prometheus.

What fails is told by `app/failures`.
"""
