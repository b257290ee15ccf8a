"""Account files of Windows Mail: one element is changed and no other byte, in every shape a file may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.errors import Malformed, Unsupported
from profiles.mail.account_file import binary, markup, read_account, with_markup

NAME = "SMTP_Certificate"
SHAPES = {
    "utf-16": '\ufeff<?xml version="1.0" encoding="utf-16"?>\r\n<MessageAccount>\r\n\t<A>Ä中</A>\r\n</MessageAccount>'
    .encode("utf-16-le"),
    "big-endian": b"\xfe\xff" + "<MessageAccount><A type='SZ'>x</A></MessageAccount>\n".encode("utf-16-be"),
    "utf-16 without its mark": '<?xml version="1.0" encoding="utf-16"?>\n<MessageAccount>\n <A>Ä</A></MessageAccount>'
    .encode("utf-16-le"),
    "big-endian without its mark": "<MessageAccount>\n <A>x</A></MessageAccount>".encode("utf-16-be"),
    "eight bits": b'<?xml version="1.0" encoding="iso-8859-1"?><MessageAccount><A n="\xe4">\xe4</A></MessageAccount>',
    "utf-8": b'<MessageAccount>\n  <A/>\n  <B type="SZ"> y &amp; z/> </B>\n\n</MessageAccount>\n\n',
    "one line": b"<MessageAccount><A/></MessageAccount>",
}
elements = st.lists(st.tuples(st.sampled_from(["A", "B_C", "D.e-f"]), st.text(st.characters(
    codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="<>&\ufffe\uffff")), st.text(" \t\r\n")),
    min_size=1, max_size=6, unique_by=lambda one: one[0])


@pytest.mark.parametrize("shape", SHAPES)
def test_put_and_taken_away(shape: str) -> None:
    """An element that was not there comes and goes without a trace."""
    data = SHAPES[shape]
    wanted = binary(NAME, b"\1" * 20)
    changed = with_markup(data, NAME, wanted)
    assert markup(changed, NAME) == wanted
    assert read_account(changed)[NAME].text == "01" * 20
    assert {name: one.text for name, one in read_account(changed).items() if name != NAME} == {
        name: one.text for name, one in read_account(data).items()}
    assert with_markup(changed, NAME, None) == data
    assert with_markup(data, NAME, None) == data


@pytest.mark.slow
@given(elements, st.sampled_from(["utf-16-le", "utf-16-be", "utf-8"]), st.booleans())
def test_no_other_byte_changes(found: list[tuple[str, str, str]], encoding: str, marked: bool) -> None:
    """With any texts and any white space, in every encoding; replaced, and put back as it stood."""
    body = "".join(f"{blank}<{name}>{text}</{name}>" for name, text, blank in found)
    mark = "\ufeff" if marked else ""
    data = f"{mark}<MessageAccount>{body}</MessageAccount>".encode(encoding)
    for name in ("A", NAME):
        before = markup(data, name)
        changed = with_markup(data, name, binary(name, b"\2" * 20))
        assert markup(changed, name) == binary(name, b"\2" * 20)
        assert with_markup(changed, name, before) == data


@pytest.mark.parametrize("old", ['<SMTP_Certificate type="BINARY">AB CD</SMTP_Certificate>', "<SMTP_Certificate />",
                                 "<SMTP_Certificate a='/>' />", "<SMTP_Certificate>/></SMTP_Certificate>",
                                 '<SMTP_Certificate\n type="BINARY"\n></SMTP_Certificate >'])
def test_an_element_that_is_there_is_replaced_where_it_stands(old: str) -> None:
    """And comes back as it was written, however that was."""
    data = f"<MessageAccount><A/>{old}<B/></MessageAccount>".encode()
    new = binary(NAME, b"\3" * 20)
    changed = with_markup(data, NAME, new)
    assert changed == f"<MessageAccount><A/>{new}<B/></MessageAccount>".encode()
    assert with_markup(changed, NAME, old) == data


@pytest.mark.parametrize("data", [
    b"", b"hello", b"<MessageAccount>", b"<Other><A/></Other>", b"<MessageAccount><A><B/></A></MessageAccount>",
    b'<!DOCTYPE MessageAccount [<!ENTITY a "b">]><MessageAccount><A>&a;</A></MessageAccount>',
    b"\xff\xfe<", b"<MessageAccount><A>&nope;</A></MessageAccount>", b"<?xml version='1.0' encoding='x-nope'?><M/>",
    b"<MessageAccount>" + b"<A>" * 100_000, b"<MessageAccount><A/><A/></MessageAccount>",
])
def test_anything_else_is_refused(data: bytes) -> None:
    """Other XML, no XML, entities, depth."""
    with pytest.raises(Malformed):
        with_markup(data, NAME, "x")


@pytest.mark.parametrize("wanted", ["<B/>", "<SMTP_Certificate>", "<SMTP_Certificate/><SMTP_Port/>", "text", ""])
def test_a_result_that_is_another_account_is_refused(wanted: str) -> None:
    """Whatever would slip in, or make the file unreadable."""
    with pytest.raises(Malformed):
        with_markup(SHAPES["utf-8"], NAME, wanted)


def test_an_account_without_anything() -> None:
    """There is no last element to stand behind."""
    with pytest.raises(Unsupported):
        with_markup(b"<MessageAccount/>", NAME, "x")
