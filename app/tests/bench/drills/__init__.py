"""Faults under load, one after the other: what is lost, what fails, and how long anybody waits."""
