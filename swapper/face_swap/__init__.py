"""Swapping the faces of one picture: what photos, videos and live streams share."""
