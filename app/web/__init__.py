"""What every request passes: who may, limits, headers, the site's own address, the session.

Nothing here knows what a page shows; pages are in `app/views`.
"""
