"""The second factor of an account: setting it up, signing in with it, and getting around it.

Each test has a phone, by the clock of the test.
"""
