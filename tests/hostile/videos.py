"""Makers of videos that point to other files, change their size on the way, or are no videos at all."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from clips import Coding, background, write_clip
from hostile.pictures import colour_png

WAY = [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"]


def box(name: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I4s", len(data) + 8, name) + data


def alias(target: str) -> bytes:
    """A reference to a file in the same folder, as QuickTime writes it."""
    name, path = target.encode(), f"/disk/{target}".encode()
    record = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0")
    record += bytes(16) + struct.pack(">2H", 1, 1) + bytes(16)
    record += struct.pack(">2H", 2, len(path)) + path + b"\0" * (len(path) % 2) + struct.pack(">2H", 0xFFFF, 0)
    return box(b"alis", bytes(4), record)


def refer(path: Path, reference: bytes) -> Path:
    """Replace the first track's reference to its own file."""
    data, begins, at = bytearray(path.read_bytes()), [], 0
    end = len(data)
    for name in WAY:
        while data[at + 4 : at + 8] != name:
            at += struct.unpack_from(">I", data, at)[0]
            assert at < end
        begins.append(at)
        at += 8
    old = struct.unpack_from(">I", data, begins[-1])[0]
    new = box(b"dref", bytes(4), struct.pack(">I", 1), reference)
    data[begins[-1] : begins[-1] + old] = new
    for begin in begins[:-1]:
        struct.pack_into(">I", data, begin, struct.unpack_from(">I", data, begin)[0] + len(new) - old)
    path.write_bytes(data)
    return path


def growing(path: Path, sides: Sequence[int]) -> Path:
    """A video whose frames are PNG files of these sides, whatever its head says."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "rgb24"
        out.start_encoding()
        for i, side in enumerate(sides):
            packet = av.Packet(colour_png(side))
            packet.stream, packet.pts, packet.dts, packet.duration = stream, i, i, 1
            packet.time_base, packet.is_keyframe = Fraction(1, 25), True
            out.mux(packet)
    return path


def plain(path: Path, frames: int = 3) -> Path:
    """A small film that nothing is wrong with."""
    return write_clip(path, [background(64, 96)] * frames)


def pointing(path: Path) -> Path:
    """A film whose pictures are in a file of this machine."""
    return refer(plain(path), box(b"url ", bytes(4), b"file:///etc/hostname\0"))


def claiming(path: Path, name: bytes, begin: int, numbers: Sequence[int]) -> Path:
    """A small film, some 32-bit numbers of one of whose boxes claim something else."""
    data = bytearray(plain(path).read_bytes())
    struct.pack_into(f">{len(numbers)}I", data, data.index(name) + 4 + begin, *numbers)
    path.write_bytes(data)
    return path


def many_samples(path: Path) -> Path:
    """The table of samples claims four thousand million."""
    return claiming(path, b"stsz", 8, [2**32 - 1])


def many_times(path: Path) -> Path:
    """The table of times claims a sample that lasts for ever, many times."""
    return claiming(path, b"stts", 4, [1, 2**31 - 1, 2**31 - 1])


def large_frame(path: Path) -> Path:
    """The head of a film of small frames claims large ones."""
    return claiming(path, b"avc1", 24, [65_000 << 16 | 65_000])


def endless_length(path: Path) -> Path:
    """The head claims some hundred years."""
    return claiming(path, b"mvhd", 12, [1000, 2**32 - 1])


def nested(path: Path, depth: int = 3000) -> Path:
    """Boxes within boxes within boxes."""
    data = b""
    for _ in range(depth):
        data = box(b"moov", data)
    path.write_bytes(box(b"ftyp", b"isom", bytes(4), b"isom") + data)
    return path


def many_tracks(path: Path, count: int = 2000) -> Path:
    """The one track of a film, again and again."""
    data = plain(path).read_bytes()
    at = data.index(b"moov") - 4
    end, track = at + struct.unpack_from(">I", data, at)[0], data.index(b"trak") - 4
    whole = data[track : track + struct.unpack_from(">I", data, track)[0]]
    path.write_bytes(data[:at] + box(b"moov", data[at + 8 : end], whole * count) + data[end:])
    return path


def cut(path: Path, share: float = 0.6) -> Path:
    """A film that ends in the middle."""
    data = write_clip(path, [background(64, 96)] * 40, Coding(options=(("preset", "ultrafast"),))).read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def zeros(path: Path) -> Path:
    """A head, and a megabyte of nothing."""
    path.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(2**20))
    return path


def of_text(path: Path, text: str) -> Path:
    """A playlist or a script that is named like a video."""
    path.write_text(text, encoding="utf-8")
    return path


TEXTS = {
    "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
    "list": "ffconcat version 1.0\nfile /etc/hostname\n",
    "manifest": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///etc/</BaseURL></MPD>',
    "session": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "drawing": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname"/></svg>',
}
