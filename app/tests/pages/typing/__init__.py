"""What people type into forms: what is refused, kept, and shown again.

What a page shows of it later is tested beside this package.
"""
