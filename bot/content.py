"""The check of what is written down: criteria, sentences, steps, answers. `hoctap check` runs it, and the first start
after any of it has changed."""

import ast
import hashlib
import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from babel.messages.catalog import Catalog

import bot
import flows
from bot.catalogues import COMPLETE, BrokenCatalogue, choices, forms, languages, load, locales, read, untranslated
from bot.services import criteria_files
from flows.conversation.flow import Step
from flows.conversation.questions import BACK, EXPLAIN, PAUSE, Choice
from flows.conversation.subject import Command
from flows.conversation.understanding import is_two_sided, spellings
from flows.domain.criteria import BrokenCriteria, CriteriaSet
from flows.subjects import FLOWS, SUBJECTS
from flows.words.wording import DEFAULT_LANGUAGE, Catalogues, Text

# What brings a conversation to a step: of a talk that has steps in the same module, or of any.
ONWARDS = frozenset({"Went"})
ANYWHERE = frozenset({"Entered", "Frame"})

# Code, catalogues, forms.
_LOOKED_THROUGH = frozenset({".py", ".po", ".toml"})
# A module without any of these has nothing to check, and parsing takes time.
_OF_INTEREST = re.compile(r"\b(?:n?_|Went|Entered|Frame)\(")


@dataclass(frozen=True, slots=True)
class Call:
    """A call by a plain name: the texts its first argument may be, None for one that is not written out, and the
    top-level function it stands in, where that passes on the first of its own arguments."""

    module: str
    line: int
    name: str
    texts: tuple[str | None, ...]
    passed_on_by: str | None


def problems() -> list[str]:
    """Return what is wrong with the content, one line each with the place and the cure; nothing, as a rule."""
    try:
        sets = criteria_files.shipped()
        catalogues = load()
    except BrokenCriteria as broken:
        return [f"flows/domain/criteria/{broken}"]
    except BrokenCatalogue as broken:
        return [str(broken)]
    code = tuple(calls())
    return [
        *unworded(code),
        *lost_steps(code),
        *sharing_a_place(SUBJECTS.commands),
        *collisions(sets, catalogues),
    ]


def fingerprint(folders: Iterable[Path]) -> str:
    """Return what changes with any file of these folders, as told by their names, sizes and times: as Python tells
    whether to compile a module anew."""
    told = hashlib.sha256(sys.version.encode())
    for file in sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in _LOOKED_THROUGH):
        about = file.stat()
        told.update(f"{file}\0{about.st_size}\0{about.st_mtime_ns}\0".encode())
    return told.hexdigest()


@dataclass(frozen=True, slots=True)
class Mark:
    """Remembers beside the compiled modules that the content was in order, until a file of it changes. To look through
    all of it takes as long as the rest of a start."""

    path: Path
    folders: tuple[Path, ...]

    def stands(self) -> bool:
        """Tell whether nothing has changed since the content was found in order."""
        try:
            return self.path.read_text("ascii") == fingerprint(self.folders)
        except (OSError, ValueError):
            return False

    def set(self) -> None:
        """Note that the content is in order, where that may be written."""
        with suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            fresh.write_text(fingerprint(self.folders), "ascii")
            fresh.replace(self.path)


def mark() -> Mark:
    """Return the mark of what is shipped."""
    ours = tuple(Path(package.__path__[0]) for package in (flows, bot))
    return Mark(ours[1] / "__pycache__" / "content-in-order", (*ours, ours[1].parent / "locales"))


def unfinished(folder: Path, sets: Iterable[CriteriaSet]) -> Iterator[str]:
    """Yield how much of each further language is there, one line each. What is missing is no problem."""
    wanted = _sentences(read(folder, DEFAULT_LANGUAGE))
    texts = [text for criteria in sets for text in _localized(msgspec.to_builtins(criteria))]
    for language in languages(folder):
        if language not in COMPLETE:
            catalogue = read(folder, language)
            said = wanted & _sentences(catalogue) - set(untranslated(catalogue))
            told = [text for text in texts if language in dict(text.get("further", ()))]
            yield (
                f"{language}: {len(said)} of {len(wanted)} sentences and {len(told)} of {len(texts)} texts of the forms"
                " are translated; the rest is said in Vietnamese."
            )


def _sentences(catalogue: Catalog) -> set[str]:
    return {forms(message.id)[0] for message in catalogue if message.id}


def _localized(plain: Any) -> Iterator[dict[str, Any]]:
    match plain:
        case {"vi": str()}:
            yield plain
        case dict():
            for value in plain.values():
                yield from _localized(value)
        case list() | tuple():
            for value in plain:
                yield from _localized(value)
        case _:
            return


def calls() -> Iterator[Call]:
    """Yield the calls in the modules of both packages that say something or go somewhere."""
    for package in (flows, bot):
        root = Path(package.__path__[0])
        for file in sorted(root.rglob("*.py")):
            if _OF_INTEREST.search(text := file.read_text("utf-8")):
                yield from calls_in(f"{package.__name__}/{file.relative_to(root).as_posix()}", text)


def calls_in(module: str, text: str) -> Iterator[Call]:
    """Yield the calls in a module that have an argument."""
    for statement in ast.parse(text).body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                branches = _branches(node.args[0])
                texts = tuple(map(_text, branches))
                yield Call(module, node.lineno, node.func.id, texts, _passing_on(statement, branches))


# Sentences


def unworded(code: Iterable[Call]) -> Iterator[str]:
    """Yield the sentences in the code that a catalogue does not have."""
    catalogues = {language: read(locales(), language) for language in COMPLETE}
    for call in code:
        if call.name in {"_", "n_"}:
            msgid = call.texts[0] if len(call.texts) == 1 else None
            for language, catalogue in catalogues.items():
                if msgid is None or catalogue.get(msgid) is None:
                    cure = "write it out in the code, run 'make messages' and translate it"
                    yield f'{call.module}:{call.line}: "{msgid}" is not in the catalogue {language}; {cure}'


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


# Steps


def lost_steps(code: Sequence[Call]) -> Iterator[str]:
    """Yield the steps that nothing goes to, and what goes to a step that is not there."""
    talks = [{(_module(step), step.name) for step in flow.steps} for flow in FLOWS.values()]
    steps = set().union(*talks)
    of_module = {
        module: set().union(*(talk for talk in talks if any(place == module for place, _name in talk)))
        for module, _name in steps
    }
    reached: set[tuple[str, str]] = set()
    for doors in (ONWARDS, ANYWHERE):
        for call, name in _goals(code, doors):
            near = steps if doors is ANYWHERE else of_module.get(call.module, set())
            goals = {goal for goal in near if goal[1] == name}
            if not goals:
                yield f'{call.module}:{call.line}: goes to the step "{name}", which is not there; correct the name'
            reached |= goals
    for module, name in sorted(steps - reached):
        yield f'{module}: nothing goes to the step "{name}"; go there or delete it'


def _module(step: Step[Any]) -> str:
    return step.ask.__module__.replace(".", "/") + ".py"


def _goals(code: Sequence[Call], doors: Set[str]) -> Iterator[tuple[Call, str]]:
    """Yield the names of steps that are gone to, also through functions of the module that pass a name on."""
    passing_on = {(call.module, call.passed_on_by) for call in code if call.name in doors}
    for call in code:
        if call.name in doors or (call.module, call.name) in passing_on:
            yield from ((call, name) for name in call.texts if name is not None)


def _passing_on(statement: ast.stmt, branches: Iterable[ast.expr]) -> str | None:
    """Return the name of a function whose first argument is one of these."""
    if not isinstance(statement, ast.FunctionDef):
        return None
    first = [parameter.arg for parameter in statement.args.args[:1]]
    is_passed = any(isinstance(branch, ast.Name) and branch.id in first for branch in branches)
    return statement.name if is_passed else None


def _branches(node: ast.expr) -> list[ast.expr]:
    return [*_branches(node.body), *_branches(node.orelse)] if isinstance(node, ast.IfExp) else [node]


# Commands


def sharing_a_place(commands: Iterable[Command]) -> Iterator[str]:
    """Yield the commands that have the same place in the menu."""
    first: dict[int, str] = {}
    for one in commands:
        other = first.setdefault(one.place, one.name)
        if other != one.name:
            yield f'the commands "{other}" and "{one.name}" share place {one.place} in the menu; give one a free place'


# Answers, typed without tone marks


def collisions(sets: Iterable[CriteriaSet], catalogues: Catalogues) -> Iterator[str]:
    """Yield what means two answers of one question: of a form's, of languages, and of those a talk's module names.

    Answers made while running (villages, forms, files) are beyond this check.
    """
    for criteria in sets:
        for indicator in criteria.indicators:
            levels = [Choice(f"level {level.id}", level.label, level.also) for level in indicator.levels]
            yield from collide(f"{criteria.id}, {indicator.id}", [*levels, BACK, EXPLAIN, PAUSE], catalogues)
        shorts = [
            Choice(f"indicator {indicator.id}", indicator.short, indicator.other_names)
            for indicator in criteria.indicators
        ]
        yield from collide(f"{criteria.id}, the questions by name", [*shorts, BACK], catalogues)
    yield from collide("languages", choices(catalogues), catalogues)
    for flow in FLOWS.values():
        for step in flow.steps:
            yield from collide(f'{_module(step)}, step "{step.name}"', constants(step), catalogues)


def constants(step: Step[Any]) -> Iterator[Choice]:
    """Yield the choices outside a step's function that it may offer, those of a table like GROUPS among them."""
    for value in inspect.getclosurevars(step.ask).globals.values():
        table = value if isinstance(value, dict) else dict(enumerate(value if isinstance(value, tuple) else [value]))
        for key, entry in table.items():
            if isinstance(entry, Choice | Text):
                yield entry if isinstance(entry, Choice) else Choice(str(key), entry)


def collide(place: str, choices: Iterable[Choice], catalogues: Catalogues) -> Iterator[str]:
    """Yield the spellings that stand for two of the choices."""
    owners: dict[str, str] = {}
    for choice in choices:
        for words in sorted(spellings(choice, tuple(catalogues.values())).all):
            if is_two_sided(words):
                continue
            spelling = " ".join(words)
            owner = owners.setdefault(spelling, choice.key)
            if owner != choice.key:
                yield f'{place}: "{spelling}" means both "{owner}" and "{choice.key}"; word one of them differently'
