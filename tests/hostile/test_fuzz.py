"""A thousand cases of the fuzz runner; ``hostile.fuzzing`` says how to run more of them."""

import pytest
from hostile.fuzzing import fuzz

CASES, SECONDS = 1000, 120


@pytest.mark.slow
def test_decoders_answer_everything_with_a_picture_or_a_sentence(tmp_path, capsys):
    found = fuzz(tmp_path, CASES, SECONDS)
    with capsys.disabled():
        print(f"\nfuzz: {found.cases} cases, longest {found.longest:.2f} s of computing")
    assert found.failures == []
    assert found.decoded and found.refused and found.pictures and found.videos
    assert found.longest < 5, f"case {found.slowest} held the decoder up"


def test_a_case_can_be_repeated_alone(tmp_path):
    together, alone = fuzz(tmp_path, 20, SECONDS), [fuzz(tmp_path, 1, SECONDS, first=case) for case in range(20)]
    assert together.cases == 20 and together.decoded == sum(one.decoded for one in alone)
    assert together.refused == sum(one.refused for one in alone)
