from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError, UsageError
from groupwire.media.session.composing import MAX_NAME_BYTES, compose
from groupwire.media.session.description import (
    MAX_MEDIA,
    NTP_S,
    Description,
)
from groupwire.values import Group

HERE = ip_address("10.0.0.7")
VLC = b"""v=0\r
o=- 17068318470012183541 17068318470012183541 IN IP4 box\r
s=A film\r
i=N/A\r
c=IN IP4 239.255.1.1/12\r
t=0 0\r
a=tool:vlc 3.0.18\r
a=recvonly\r
a=type:broadcast\r
a=charset:UTF-8\r
m=video 1234 udp mpeg\r
"""
FFMPEG = b"""v=0
o=- 0 0 IN IP4 127.0.0.1
s=No Name
t=0 0
a=tool:libavformat 59.27.100
m=video 5004 RTP/AVP 96
c=IN IP4 239.255.42.99/255
b=AP:3000
a=rtpmap:96 MP4V-ES/90000
m=audio 5006/2 RTP/AVP 0 8
c=IN IP4 10.0.0.9
i=the sound
"""


def composed(group: str, form: str = "rtp", name: str = "Gate") -> bytes:
    to = Group.parse(group)
    return compose(name, to, form=form, number=42, here=HERE, ttl=3)


def test_what_is_written_for_rtp() -> None:
    assert composed("239.255.42.99:5004").decode().split("\r\n") == [
        "v=0",
        "o=- 42 1 IN IP4 10.0.0.7",
        "s=Gate",
        "c=IN IP4 239.255.42.99/3",
        "t=0 0",
        "a=tool:groupwire",
        "a=type:broadcast",
        "a=recvonly",
        "m=video 5004 RTP/AVP 33",
        "a=rtpmap:33 MP2T/90000",
        "",
    ]


@pytest.mark.parametrize("form", ["rtp", "ts"])
@pytest.mark.parametrize(
    "group", ["239.255.42.99:5004", "10.0.0.7@232.1.1.1:5004", "[ff15::42]:5004"]
)
def test_what_is_written_reads_back(group: str, form: str) -> None:
    found = Description.decode(composed(group, form, "Gate, ёлка"))
    (media,) = found.media
    assert (found.name, found.origin) == ("Gate, ёлка", "- 42 IN IP4 10.0.0.7")
    assert (str(media.group), media.form) == (group, form)
    assert media.encoding == "MP2T/90000"
    assert found.ends_s is None


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * (MAX_NAME_BYTES + 1)])
def test_a_name_that_no_line_can_hold_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        composed("239.255.42.99:5004", name=name)


def test_vlc_s_is_read() -> None:
    found = Description.decode(VLC)
    (media,) = found.media
    assert (found.name, found.information) == ("A film", "N/A")
    assert (str(media.group), media.form) == ("239.255.1.1:1234", "ts")


def test_ffmpeg_s_is_read() -> None:
    video, audio = Description.decode(FFMPEG).media
    assert (str(video.group), video.encoding) == ("239.255.42.99:5004", "MP4V-ES/90000")
    assert (video.form, video.kind) == ("", "video")
    assert (audio.port, audio.group, audio.formats) == (5006, None, ("0", "8"))


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("m=video 5004 RTP/AVP 33", "rtp"),
        ("m=video 5004 RTP/AVP 98\na=rtpmap:98 mp2t/90000", "rtp"),
        ("m=video 5004 RTP/AVP 98\na=rtpmap:97 mp2t/90000", ""),
        ("m=video 5004 udp 33", "ts"),
        ("m=video 5004 MP2T/H2221/UDP 33", "ts"),
        ("m=video 5004 udp h264", ""),
    ],
)
def test_transport_streams_are_known(line: str, form: str) -> None:
    text = f"v=0\no=- 1 1 IN IP4 h\nc=IN IP4 239.1.1.1\n{line}\n"
    (media,) = Description.decode(text.encode()).media
    assert media.form == form


def test_the_end_of_a_session_is_read() -> None:
    text = "v=0\no=- 1 1 IN IP4 h\nt={} {}\n"
    for end, wanted in [(NTP_S + 5, 5.0), (0, None), (7, None), ("x", None)]:
        assert Description.decode(text.format(1, end).encode()).ends_s == wanted
    assert Description.decode(b"v=0\no=- 1 1 IN IP4 h\nt=1\n").ends_s is None


def test_what_a_stream_says_goes_before_what_is_said_for_all() -> None:
    text = (
        "v=0\no=- 1 1 IN IP4 h\nc=IN IP4 239.1.1.1\n"
        "a=source-filter: incl IN IP4 * 10.0.0.1\n"
        "m=video 5004 RTP/AVP 33\n"
        "m=video 5006 RTP/AVP 33\nc=IN IP4 239.1.1.2\n"
        "a=source-filter: incl IN IP4 239.1.1.2 10.0.0.2\n"
        "m=video 5008 RTP/AVP 33\na=source-filter: excl IN IP4 * 10.0.0.2\n"
        "m=video 5010 RTP/AVP 33\nc=IN IP4 nonsense\nc=nonsense\n"
    )
    groups = [str(m.group) for m in Description.decode(text.encode()).media]
    assert groups == [
        "10.0.0.1@239.1.1.1:5004",
        "10.0.0.2@239.1.1.2:5006",
        "10.0.0.1@239.1.1.1:5008",
        "10.0.0.1@239.1.1.1:5010",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "m=video",
        "m=video x RTP/AVP 33",
        "m=video 0 RTP/AVP 33",
        "m=video 70000 RTP/AVP 33",
        "m=video ٣ RTP/AVP 33",
    ],
)
def test_a_stream_that_is_none_is_left_out_with_all_about_it(line: str) -> None:
    text = f"v=0\no=- 1 1 IN IP4 h\ni=it\n{line}\na=rtpmap:33 MP2T/90000\nt=0 1\nzz\n"
    found = Description.decode(text.encode())
    assert (found.media, found.ends_s, found.information) == ((), None, "it")


def test_streams_without_an_address_are_nowhere() -> None:
    (media,) = Description.decode(b"v=0\no=- 1 1 IN IP4 h\nm=a 1 udp 33\n").media
    assert media.group is None


def test_no_more_streams_are_read_than_a_few() -> None:
    text = "v=0\no=- 1 1 IN IP4 h\n" + "m=video 1 udp 33\n" * 100
    assert len(Description.decode(text.encode()).media) == MAX_MEDIA


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "sdp-no-sdp"),
        (b"hello", "sdp-no-sdp"),
        (b"v=1\n", "sdp-no-sdp"),
        (b"v=0\ns=x\n", "sdp-no-origin"),
        (b"v=0\no=too few words\n", "sdp-no-origin"),
    ],
)
def test_what_is_none_is_refused_by_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        Description.decode(data)


@given(st.lists(st.text("vosiptcma=:/ 0123IN4.\x00é", max_size=30), max_size=20))
def test_any_lines_are_survived(lines: list[str]) -> None:
    text = "\n".join(["v=0", "o=- 1 1 IN IP4 h", *lines])
    with suppress(DecodeError):
        Description.decode(text.encode("utf-8", "replace"))
