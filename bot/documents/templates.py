"""A template that a clerk has edited, looked through before it is used: is it a docx, and are its fields right?

What it may hold: fields, loops over lists and conditions on fields. A template that calls anything, holds macros, or
would fetch something from elsewhere when it is opened, is refused.
"""

import re
import types
import zipfile
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from io import BytesIO
from typing import Any, Union, get_args, get_origin, get_type_hints

from docx.opc.constants import RELATIONSHIP_TYPE
from docxtpl import DocxTemplate
from jinja2 import TemplateSyntaxError, nodes

from bot.documents.blocks import Layout
from bot.documents.filling import fields_of, sandbox

MOST_BYTES = 5 * 2**20
MOST_UNPACKED = 50 * 2**20
_LINKS = (RELATIONSHIP_TYPE.HYPERLINK,)
_TARGET = re.compile(rb'<Relationship\b[^>]*\bTargetMode="External"[^>]*>')
_TYPE = re.compile(rb'\bType="([^"]+)"')
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Name, nodes.Getattr, nodes.Const,
    nodes.Not, nodes.And, nodes.Or, nodes.Compare, nodes.Operand,
)  # fmt: skip
_LOOP = ("index", "first", "last", "length")
ENTRY_OF_EVERY_DOCX = "word/document.xml"


class TemplateRefused(Exception):
    """A template with faults, one a line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def check(layout: Layout, content: bytes) -> None:
    """Refuse a template that does not fit its paper. Raises TemplateRefused."""
    if found := list(faults(layout, content)):
        raise TemplateRefused(found)


def faults(layout: Layout, content: bytes) -> Iterator[str]:
    """Yield what is wrong with a template, one line each with the cure."""
    if fault := _package_fault(content):
        yield fault
        return
    try:
        texts = list(_texts(content))
        trees = [_reader().parse(text) for text in texts]
    except TemplateSyntaxError as error:
        yield f"a field or loop is not closed or misspelt: {error.message}; compare it with the exported template"
        return
    except Exception:  # whatever a library makes of a file that only looks like a docx
        yield "is no readable docx; save it from Word or LibreOffice as .docx once more"
        return
    named: set[str] = set()
    for tree in trees:
        yield from _Walk(layout.model, named).faults(tree)
    for field in layout.required:
        if field not in named:
            yield f"the field {{{{ {field} }}}} is missing; put it back, as in the exported template"


def _package_fault(content: bytes) -> str | None:
    """Say what is wrong with the file as a package, if anything."""
    if len(content) > MOST_BYTES:
        return f"is bigger than {MOST_BYTES // 2**20} MB; use smaller pictures"
    try:
        package = zipfile.ZipFile(BytesIO(content))
    except zipfile.BadZipFile:
        return "is no docx; save it from Word or LibreOffice as .docx"
    names = package.namelist()
    if ENTRY_OF_EVERY_DOCX not in names:
        return "is no docx; save it from Word or LibreOffice as .docx"
    if sum(entry.file_size for entry in package.infolist()) > MOST_UNPACKED:
        return f"unpacks to more than {MOST_UNPACKED // 2**20} MB; use smaller pictures"
    if any("vbaProject" in name or "/embeddings/" in name or "/activeX/" in name for name in names):
        return "holds macros or embedded files; save it as a plain .docx without them"
    if any(_fetches(package.read(name)) for name in names if name.endswith(".rels")):
        return "would fetch a picture or a template from elsewhere when it is opened; put the picture itself in"
    return None


def _fetches(relationships: bytes) -> bool:
    """Tell whether opening a file would fetch something: a link that one has to press does not."""
    kinds = [_TYPE.search(target[0]) for target in _TARGET.finditer(relationships)]
    return any(kind is None or kind[1].decode() not in _LINKS for kind in kinds)


def _texts(content: bytes) -> Iterator[str]:
    """Yield all texts of a template as they are run, without what Word has put between the letters of a field."""
    word = DocxTemplate(BytesIO(content))
    word.init_docx()
    yield word.patch_xml(word.get_xml())
    for uri in (word.HEADER_URI, word.FOOTER_URI):
        for _key, part in word.get_headers_footers(uri):
            yield word.patch_xml(word.get_part_xml(part))
    properties = word.docx.core_properties
    yield from (properties.author, properties.comments, properties.subject, properties.title)
    for part in word.docx.part.package.iter_parts():
        if part.partname.endswith("/footnotes.xml"):
            yield word.patch_xml(part.blob.decode())


def _reader() -> Any:
    environment = sandbox()
    environment.filters["qr"] = str
    return environment


Scope = Mapping[str, Any]


class _Walk:
    """A walk through a template with the types of what its fields stand for."""

    def __init__(self, model: type, named: set[str]) -> None:
        self._model = model
        self._named = named

    def faults(self, tree: nodes.Template) -> Iterator[str]:
        """Yield the faults of a template; note what it names."""
        yield from self._node(tree, {})

    def _node(self, node: nodes.Node, scope: Scope) -> Iterator[str]:
        match node:
            case nodes.For(target=nodes.Name(name=name), iter=found, body=body):
                yield from self._node(found, scope)
                inside = {**scope, name: _element_of(self._type(found, scope)), "loop": None}
                for one in body:
                    yield from self._node(one, inside)
            case nodes.Name(name=name):
                self._named.add(name)
                if name not in scope and name not in fields_of(self._model):
                    yield _unknown(name, (*scope, *fields_of(self._model)))
            case nodes.Getattr(node=owner, attr=attr):
                yield from self._node(owner, scope)
                yield from self._attribute(owner, attr, scope)
            case nodes.Filter(node=value, name="qr" | "upper", args=args) if value is not None:
                yield from self._node(value, scope)
                yield from (fault for one in args for fault in self._node(one, scope))
            case _ if isinstance(node, _ALLOWED):
                for one in node.iter_child_nodes():
                    yield from self._node(one, scope)
            case _:
                yield "does more than name fields, loop over lists and ask whether a field is there; take that out"

    def _attribute(self, owner: nodes.Node, attr: str, scope: Scope) -> Iterator[str]:
        if isinstance(owner, nodes.Name) and owner.name == "loop" and "loop" in scope:
            known: tuple[str, ...] = _LOOP
        elif (type_ := self._type(owner, scope)) is None:
            return
        else:
            known = fields_of(type_)
        if attr not in known:
            yield _unknown(attr, known)

    def _type(self, node: nodes.Node, scope: Scope) -> Any:
        """Return the type of what an expression stands for; None where that is not known."""
        match node:
            case nodes.Name(name=name):
                return scope[name] if name in scope else type_of_field(self._model, name)
            case nodes.Getattr(node=owner, attr=attr):
                return type_of_field(self._type(owner, scope), attr)
            case _:
                return None


def type_of_field(model: Any, name: str) -> Any:
    """Return the type of a field or property of a paper; None where there is no such."""
    if not isinstance(model, type) or name.startswith("_"):
        return None
    found = getattr(model, name, None)
    if isinstance(found, property):
        return _plain(get_type_hints(found.fget).get("return"))
    return _plain(get_type_hints(model).get(name))


def _plain(type_: Any) -> Any:
    """Return `T` for `T | None`."""
    if get_origin(type_) in {Union, types.UnionType}:
        return next((one for one in get_args(type_) if one is not types.NoneType), None)
    return type_


def _element_of(type_: Any) -> Any:
    return get_args(type_)[0] if get_origin(type_) is tuple else None


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, 1)
    hint = f"; {near[0]} is meant?" if near else f"; there are: {', '.join(sorted(known))}"
    return f"the field {name} is unknown{hint}"
