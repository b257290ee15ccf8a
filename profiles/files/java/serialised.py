"""The sealed secret keys in a JCEKS: Java serialisation, of which only the shape is read and nothing is ever run.

Grammar: Java Object Serialization Specification, chapter 6. One shape is known here, javax.crypto.SealedObject and the
JDK's subclass of it; anything else is refused by its class name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import Malformed, Unsupported

if TYPE_CHECKING:
    from profiles.files.java.stream import DataInput

_MAGIC = bytes.fromhex("aced0005")
_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY, _END = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x78
_FIRST_HANDLE = 0x7E0000
_SERIALIZABLE = 0x02
_SEALED = ("javax.crypto.SealedObject", "com.sun.crypto.provider.SealedObjectForKeyProtector")
_MAX_CLASSES, _MAX_FIELDS = 4, 16


class _Class(NamedTuple):
    name: str
    fields: tuple[tuple[str, str], ...]
    """Name and type (``[B``, ``Ljava/lang/String;``)."""
    above: _Class | None


_Value = _Class | bytes | str | None


@dataclass
class _Reader:
    stream: DataInput
    handles: list[_Value] = field(default_factory=list)
    classes: int = 0

    def sealed_object(self) -> dict[str, _Value]:
        """The fields of the one object in the stream."""
        if self.stream.octets(4) != _MAGIC or self.stream.number(1) != _OBJECT:
            raise Malformed("a secret key in the keystore is no serialised Java object")
        kind = self.class_()
        if kind is None or kind.name not in _SEALED:
            name = kind.name[:80] if kind else "no class"
            raise Unsupported(f"the keystore holds a Java object of the class {name!r} where a sealed key should be, "
                              "and objects of other classes are never read")
        self.handles.append(None)
        lineage: list[_Class] = []
        while kind is not None:
            lineage.insert(0, kind)
            kind = kind.above
        return {name: self.value(type_) for one in lineage for name, type_ in one.fields}

    def class_(self) -> _Class | None:
        tag = self.stream.number(1)
        if tag == _NULL:
            return None
        if tag == _REFERENCE:
            found = self.referred()
            if not isinstance(found, _Class):
                raise Malformed("a class in a serialised key is none")
            return found
        self.classes += 1
        if tag != _CLASS or self.classes > _MAX_CLASSES:
            raise Malformed("a serialised key in the keystore has an unknown shape")
        name = self.stream.text()
        self.stream.octets(8)
        place = len(self.handles)
        self.handles.append(None)
        flags, count = self.stream.number(1), self.stream.number(2)
        if flags != _SERIALIZABLE or count > _MAX_FIELDS:
            raise Unsupported(f"the keystore holds a Java object of the class {name[:80]!r}, which is never read")
        fields = tuple(self.field() for _ in range(count))
        if self.stream.number(1) != _END:
            raise Malformed("a serialised key in the keystore has an unknown shape")
        made = _Class(name, fields, self.class_())
        self.handles[place] = made
        return made

    def field(self) -> tuple[str, str]:
        type_, name = self.stream.number(1), self.stream.text()
        if type_ not in b"[L":
            raise Malformed("a serialised key in the keystore has an unknown shape")
        value = self.string()
        if value is None:
            raise Malformed("a serialised key in the keystore has an unknown shape")
        return name, value

    def string(self) -> str | None:
        tag = self.stream.number(1)
        if tag == _NULL:
            return None
        if tag == _REFERENCE:
            found = self.referred()
            if isinstance(found, str):
                return found
        if tag != _STRING:
            raise Malformed("a serialised key in the keystore has an unknown shape")
        text = self.stream.text()
        self.handles.append(text)
        return text

    def value(self, type_: str) -> _Value:
        if type_ == "Ljava/lang/String;":
            return self.string()
        tag = self.stream.number(1)
        if type_ != "[B" or tag not in (_ARRAY, _NULL):
            raise Malformed("a serialised key in the keystore has an unknown shape")
        if tag == _NULL:
            return None
        kind = self.class_()
        if kind is None or kind.name != "[B":
            raise Malformed("a serialised key in the keystore has an unknown shape")
        place = len(self.handles)
        self.handles.append(None)
        found = self.stream.counted()
        self.handles[place] = found
        return found

    def referred(self) -> _Value:
        number = self.stream.number(4) - _FIRST_HANDLE
        if not 0 <= number < len(self.handles):
            raise Malformed("a serialised key in the keystore refers to nothing")
        return self.handles[number]


def skip_sealed_object(stream: DataInput) -> bytes:
    """Go past a sealed object and return the parameters it is sealed with, as DER; empty where it has none.

    ``Unsupported`` names any other class.
    """
    parameters = _Reader(stream).sealed_object().get("encodedParams")
    return parameters if isinstance(parameters, bytes) else b""
