"""Mail addresses: as they are asserted, as their owners confirmed them, and links mailed there.

What is confirmed belongs to a user, and never finds one but to write to them.
"""
