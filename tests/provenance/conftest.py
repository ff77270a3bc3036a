"""Pictures for the tests of the marks."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from textures import texture

PORTRAITS = Path(__file__).parents[2] / "examples" / "portraits"


@pytest.fixture(scope="session")
def pictures() -> list[np.ndarray]:
    """Two textures, and two portraits where they are present."""
    portraits = [np.array(Image.open(path).convert("RGB")) for path in sorted(PORTRAITS.glob("*.jpg"))[:2]]
    return [texture(1), texture(2, 400, 1.5), *portraits]
