"""Saying that a picture was made here: signed content credentials, an invisible watermark, a visible label."""
