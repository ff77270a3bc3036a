"""Speed on this machine, and what the watermark outlives."""
