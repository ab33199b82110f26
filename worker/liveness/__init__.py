"""Heartbeats: whether the parts live.

heartbeat_file    of a part on this machine, for health checks
broker_heartbeat  of workers and bridges anywhere, through the broker, with what they hold
"""
