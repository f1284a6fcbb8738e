"""What people hear of, once and not from everybody; the page, the feeds and the letters of it."""
