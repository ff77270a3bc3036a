"""Saying that a picture was made here: signed content credentials, an invisible watermark, a visible label."""

from swapper.provenance.credentials import sign_file as sign_file
from swapper.provenance.marking import Written as Written
from swapper.provenance.marking import write_marked_image as write_marked_image
from swapper.provenance.origin import Origin as Origin
from swapper.provenance.settings import MarkSettings as MarkSettings
