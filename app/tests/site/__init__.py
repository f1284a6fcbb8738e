"""What the site says of itself: its name, on all that it shows and sends."""
