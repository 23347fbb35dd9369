"""Just enough msgpack for the cases: values, and bytes that aren't any."""

import struct


def pack(value):
    """The bytes of a value; `Raw` stands for itself."""
    if isinstance(value, Raw):
        return value.data
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode()
        return b"\xdb" + struct.pack(">I", len(data)) + data
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    pairs = (pack(key) + pack(item) for key, item in value.items())
    return b"\xdf" + struct.pack(">I", len(value)) + b"".join(pairs)


class Raw:
    """Bytes where a value should be."""

    def __init__(self, text):
        self.data = text if isinstance(text, bytes) else bytes.fromhex(text)


def unpack(data):
    """The value that these bytes are, and nothing more."""
    value, end = _read(data, 0)
    assert end == len(data), f"{len(data) - end} bytes too many"
    return value


def _integer(value):
    if 0 <= value < 128:
        return bytes([value])
    if value >= 0:
        return b"\xcf" + struct.pack(">Q", value)
    return b"\xd3" + struct.pack(">q", value)


def _read(data, at):
    kind = data[at]
    if kind < 0x80:
        return kind, at + 1
    if kind < 0x90:
        return _map(data, at + 1, kind & 15)
    if kind < 0xA0:
        return _array(data, at + 1, kind & 15)
    if kind < 0xC0:
        return _text(data, at + 1, kind & 31)
    if kind >= 0xE0:
        return kind - 256, at + 1
    if data[at : at + 3] == UNDEFINED:
        return UNDEFINED, at + 3
    if kind in CONSTANTS:
        return CONSTANTS[kind], at + 1
    if kind in NUMBERS:
        return _one(data, at + 1, NUMBERS[kind])
    read, form = SIZED[kind]
    size, start = _one(data, at + 1, form)
    return read(data, start, size)


def _one(data, at, form):
    (value,) = struct.unpack_from(form, data, at)
    return value, at + struct.calcsize(form)


def _text(data, at, size):
    return data[at : at + size].decode(), at + size


def _bytes(data, at, size):
    return data[at : at + size], at + size


def _array(data, at, size):
    items = []
    for _ in range(size):
        item, at = _read(data, at)
        items.append(item)
    return items, at


def _map(data, at, size):
    items, at = _array(data, at, 2 * size)
    fields = zip(items[::2], items[1::2])
    return {key: value for key, value in fields if value is not UNDEFINED}, at


# What Node's parser makes of JavaScript's; a field that is undefined is as if it weren't there.
UNDEFINED = b"\xd4\x00\x00"
CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
NUMBERS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
SIZED = {
    0xC4: (_bytes, ">B"), 0xC5: (_bytes, ">H"), 0xC6: (_bytes, ">I"),
    0xD9: (_text, ">B"), 0xDA: (_text, ">H"), 0xDB: (_text, ">I"),
    0xDC: (_array, ">H"), 0xDD: (_array, ">I"), 0xDE: (_map, ">H"), 0xDF: (_map, ">I"),
}  # fmt: skip
