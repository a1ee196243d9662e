"""The records of the queue: nothing torn or altered passes for whole."""

from hypothesis import given
from hypothesis import strategies as st

from exporters.loki.records import HEAD_SIZE, Record, length, pack, parse

numbers = st.integers(0, 2**63)
texts = st.text(max_size=20)
records = st.builds(
    Record,
    number=numbers,
    settled=numbers,
    ends=st.booleans(),
    entries=st.integers(0, 2**31),
    oldest=numbers,
    encoding=st.sampled_from(("protobuf", "json", "")),
    body=st.binary(max_size=200),
    cursors=st.dictionaries(texts, st.none() | texts, max_size=3),
)


@given(record=records)
def test_a_record_comes_back_as_it_was_packed(record: Record) -> None:
    assert parse(pack(record)) == record


@given(record=records, data=st.data())
def test_a_record_that_was_cut_off_is_none(record: Record, data: st.DataObject) -> None:
    packed = pack(record)
    assert parse(packed[: data.draw(st.integers(0, len(packed) - 1))]) is None


@given(record=records, data=st.data())
def test_a_record_in_which_one_bit_fell_over_is_none(record: Record, data: st.DataObject) -> None:
    packed = bytearray(pack(record))
    bit = data.draw(st.integers(0, 8 * len(packed) - 1))
    packed[bit // 8] ^= 1 << bit % 8
    assert parse(bytes(packed)) is None


@given(record=records)
def test_the_head_of_a_record_tells_its_length(record: Record) -> None:
    packed = pack(record)
    assert length(packed[:HEAD_SIZE]) == len(packed)
    assert length(packed[: HEAD_SIZE - 1]) is None
    assert length(b"\0" * HEAD_SIZE) is None
