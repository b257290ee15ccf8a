"""A preference file is edited exactly, or refused unchanged, whatever its shape."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.errors import Malformed
from profiles.mail.prefs import Prefs, literal_of, value_of

ID1 = "mail.identity.id1."
SET = {f"{ID1}signing_cert_name": '"Alice \\"A\\""', f"{ID1}sign_mail": "true"}

SHAPES = {
    "plain": b'// Mozilla User Preferences\n\nuser_pref("mail.identity.id1.useremail", "a@x");\nuser_pref("z", 1);\n',
    "crlf": b'# a\r\nuser_pref("mail.identity.id1.useremail", "a@x");\r\nuser_pref("z", 1);\r\n',
    "old mac": b'// a\ruser_pref("mail.identity.id1.useremail", "a@x");\ruser_pref("z", 1);\r',
    "no final newline": b'user_pref("z", -1);\nuser_pref("mail.identity.id1.useremail", "a@x");',
    "one line": b'user_pref("mail.identity.id1.useremail", "a@x"); user_pref("z", true);/* end */',
    "comments": b'/* user_pref("mail.identity.id1.sign_mail", false); */user_pref( // why\n '
                b'"mail.identity.id1.useremail" ,'
                b" # so\n 'a@x' ) ; // it is ;\nuser_pref(\"z\", 1);",
    "duplicates": b'user_pref("mail.identity.id1.sign_mail", false);\n'
                  b'user_pref("mail.identity.id1.useremail", "a@x");\n'
                  b'user_pref("mail.identity.id1.sign_mail", false);\n',
    "not ascii": 'user_pref("mail.identity.id1.useremail", "ž@x");\nuser_pref("Ž", "\u8a3c\U0001f512");\n'.encode(),
    "not utf-8": b'user_pref("mail.identity.id1.useremail", "\xff@x");\nuser_pref("z\xfe", "\xc3");\n',
    "byte order mark": b'\xef\xbb\xbfuser_pref("mail.identity.id1.useremail", "a@x");\n',
    "string over lines": b'user_pref("mail.identity.id1.useremail", "a@x");'
                         b'user_pref("z", "a\nuser_pref(\\"y\\", 1);\n");',
    "no account": b"// nothing\n",
    "empty": b"",
    "5 MB": b'user_pref("mail.identity.id1.useremail", "a@x");\n' + b"".join(
        b'user_pref("number.%d", "%s");\n' % (number, b"x" * 100) for number in range(42_000)),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_edited_exactly(shape):
    """What is set is set, nothing else differs, and setting it back gives the same bytes."""
    before = Prefs(SHAPES[shape])
    after = Prefs(before.edited(SET))
    assert {name: after.literal(name) for name in SET} == SET
    assert {name: after.literal(name) for name in before.names if name not in SET} == {
        name: before.literal(name) for name in before.names if name not in SET}
    assert after.edited({name: before.literal(name) for name in SET}) == before.data
    ends = {b"\r\n", b"\n", b"\r"}
    used = {end for end in ends if end in before.data.replace(b"\r\n", b"") or end == b"\r\n" in before.data}
    assert not used or all(end in used for end in ends if end in after.data.replace(b"\r\n", b""))


def test_the_last_of_several_counts():
    """As for Mozilla; the others are left where they are."""
    prefs = Prefs(SHAPES["duplicates"])
    edited = prefs.edited({f"{ID1}sign_mail": "true"})
    assert edited == prefs.data[: prefs.data.rindex(b"false")] + b"true" + prefs.data[prefs.data.rindex(b"false") + 5 :]
    assert Prefs(edited).value(f"{ID1}sign_mail") is True


def test_new_lines_stand_by_their_account():
    """A person who looks into the file finds them where they belong, in the file's own line ends."""
    edited = Prefs(SHAPES["crlf"]).edited({f"{ID1}sign_mail": "true"})
    added = b'user_pref("mail.identity.id1.sign_mail", true);\r\n'
    assert edited == SHAPES["crlf"].replace(b'"a@x");\r\n', b'"a@x");\r\n' + added)


@pytest.mark.parametrize("data", [
    b'user_pref("a", 1', b'user_pref("a", 1)', b'pref("a", 1);', b'user_pref("a", 1, locked);', b"<html>", b'"',
    b'user_pref("a\\q", 1);', b'user_pref("a", 2147483648);', b'user_pref("a", 1a);', b'user_pref("a", 1);\0',
    b'user_pref("a", "\\x00");', b'user_pref("a", "\\ud800");', b"user_pref('a', \"b');", b"/* never closed",
    b'user_pref("a", truer);', b"user_pref(a, 1);", b'user_pref("a", 1); =======\n', b"\x00\x01\x02",
    b'user_pref("a", ' + b"9" * 5000 + b");",
])
def test_what_is_not_understood_is_refused(data):
    """Also where Mozilla would go on behind the mistake: rewriting it could lose something."""
    with pytest.raises(Malformed, match=r"line \d+|too large"):
        _ = Prefs(data).statements


def test_the_line_is_named():
    """So that a person finds it."""
    with pytest.raises(Malformed, match="line 3 "):
        _ = Prefs(b'user_pref("a", 1);\r\n\r\nuser_pref("b", oops);\r\n').statements


@pytest.mark.parametrize(("literal", "value"), [
    (r'"a\"b\\\n\r\x41\u00e9\ud83d\ude00"', 'a"b\\\n\rA\u00e9\U0001f600'), (r"'it\'s'", "it's"), ("- /* x */ 5", -5),
    ("+7", 7), ("-2147483648", -(1 << 31)), ("true", True), ("false", False), (r'"\xc3\xa9"', "\u00e9"), ('""', ""),
])
def test_literals(literal, value):
    """Every form of a value that the grammar has."""
    prefs = Prefs(f'user_pref("a", {literal});'.encode())
    assert (prefs.value("a"), type(prefs.value("a"))) == (value, type(value))


VALUES = st.one_of(st.booleans(), st.integers(-(1 << 31), (1 << 31) - 1),
                   st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12))
NAMES = st.one_of(st.sampled_from([f"{ID1}useremail", f"{ID1}sign_mail", "mail.identity.id10.sign_mail", "a", "z.z"]),
                  st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6))
END = st.sampled_from(["\n", "\r\n", "\r"])
COMMENTS = st.sampled_from(["", " ", "\t", "// c;", '# "c', "/* ; */", "/* \n\r' */", "\n", "\r\n", "  \f\v "])


def _spelled(name: str, value: object, gaps: list[str], *, single: bool) -> str:
    def literal(one: object) -> str:
        text = literal_of(one)
        if single and isinstance(one, str):
            return "'" + text[1:-1].replace("'", "\\'") + "'"
        return text

    gap = [f"{one}\n" if one.startswith(("//", "#")) else one for one in gaps]
    return f"user_pref{gap[0]}({gap[1]}{literal(name)}{gap[2]},{gap[3]}{literal(value)}{gap[4]}){gap[5]};"


STATEMENTS = st.builds(_spelled, NAMES, VALUES, st.lists(COMMENTS, min_size=6, max_size=6), single=st.booleans())


@st.composite
def files(draw):
    """Preference files of every shape that the grammar has."""
    end, parts = draw(END), [draw(st.sampled_from(["", "\ufeff"]))]
    for statement in draw(st.lists(STATEMENTS, max_size=6)):
        comment = draw(COMMENTS)
        parts += [statement, comment, end if comment.startswith(("//", "#")) or draw(st.booleans()) else ""]
    return "".join(parts).encode()


@given(files(), st.dictionaries(NAMES, VALUES, max_size=4))
def test_nothing_else_changes(data, wanted):
    """Whatever the file and whatever is set: the rest stays byte for byte, and the way back is exact."""
    before = Prefs(data)
    changes = {name: literal_of(value) for name, value in wanted.items()}
    after = Prefs(before.edited(changes))
    assert {name: after.value(name) for name in wanted} == wanted
    kept = [one for one in before.statements if one.name not in wanted]
    assert [data[one.start : one.end] for one in kept] == [
        after.data[one.start : one.end] for one in after.statements if one.name not in wanted]
    assert after.edited({name: before.literal(name) for name in wanted}) == data


@given(VALUES)
def test_values_survive(value):
    """What is written is read again."""
    assert value_of(literal_of(value)) == value
    if isinstance(value, str) and value.isascii() and value.isprintable():
        assert json.loads(literal_of(value)) == value
