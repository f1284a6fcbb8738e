"""What runs beside the tests: copies of the site, its servers, PostgreSQL, Chromium.

Each ends with the test that began it; what is visited within the tests' own process, but for
`served_site`, belongs one floor up.
"""
