"""Mappings of which a few values have changed are the dicts that they stand for."""

from hypothesis import given
from hypothesis import strategies as st

from flows.domain.layers import changed, flat

some = st.dictionaries(st.integers(0, 9), st.integers())


@given(some, st.lists(some, max_size=3))
def test_values_that_lie_over_others_read_as_the_dict_they_make(
    below: dict[int, int], over: list[dict[int, int]]
) -> None:
    expected, layered = dict(below), changed(below, {})
    for values in over:
        expected, layered = {**expected, **values}, changed(layered, values)
    assert list(layered.items()) == list(expected.items()) == list(flat(layered).items())
    assert len(layered) == len(expected)
    assert layered == changed(expected, {})
    for key in range(11):
        assert (key in layered) == (key in expected)
        assert (layered.get(key), layered.get(key, -1)) == (expected.get(key), expected.get(key, -1))
