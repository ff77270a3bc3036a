"""What picture files hold, and how their numbers become sRGB."""
