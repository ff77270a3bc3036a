import io

import numpy as np

from trainers.data.arrays import SmallArrays


def saved(compressed: bool = False, **arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> bool:
    return found.keys() == wanted.keys() and all(
        found[name].dtype == value.dtype and (found[name] == value).all() and found[name].shape == value.shape
        for name, value in wanted.items()
    )


def test_archives_of_any_kind_are_read_in_any_order():
    rng = np.random.default_rng(0)
    kinds = [
        lambda: {"a": rng.normal(size=(3, 2)).astype(np.float16), "longer": rng.integers(0, 9, 5)},
        lambda: {"a": rng.normal(size=(2, 3)).astype(np.float16), "longer": rng.integers(0, 9, 5)},
        lambda: {"b": np.asfortranarray(rng.normal(size=(3, 2))), "empty": np.zeros((0, 4))},
    ]
    for first in range(3):
        reader = SmallArrays()
        for turn in (first, first, 0, 1, 2, first, first):
            arrays = kinds[turn]()
            assert same(reader.read(saved(**arrays)), arrays)
    reader = SmallArrays()
    for _ in range(3):
        arrays = kinds[0]()
        assert same(reader.read(saved(compressed=True, **arrays)), arrays)
        assert same(reader.read(saved(**arrays)), arrays)
