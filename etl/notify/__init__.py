"""Notifications about runs. None of them can fail a run or change its outcome.

notifier   the order of the notifications around a run, and their delivery
metrics    Prometheus metrics
webhook    the webhook's body and its signature
"""
