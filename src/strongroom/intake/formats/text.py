"""Rewrites what people read, and the word lists of tokenizers: text, and nothing else.

What lies in a file of text is shown in terminals and read by other programs, so it is
UTF-8, and what hides or reorders words is taken out.  A word list is left as it is:
there, an odd character is a token.
"""

from __future__ import annotations

import re

from strongroom.canonical import Json
from strongroom.intake.findings import Finding, Level, RefusedError, counted
from strongroom.intake.formats.config_templates import has_marks, is_of_templates
from strongroom.intake.formats.pickle_letters import verify_no_pickle
from strongroom.intake.formats.templates import review
from strongroom.intake.identify import HEAD_BYTES, kind_by_magic
from strongroom.intake.kinds import Kind
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "text"
MOST_BYTES = 4 << 20
MOST_LIST_BYTES = 64 << 20

_WORD_LISTS = frozenset({"vocab.txt", "merges.txt", "bpe.codes", "dict.txt"})
_ENDINGS = frozenset({"txt", "md", "rst", "cff", "vocab", "bpe", "codes", "model_card"})
_NAMES = re.compile(
    r"(readme|licen[cs]e|notice|copying|copyright|authors|citation|changelog|vocab"
    r"|merges|usage_policy|use_policy|acceptable_use)[\w.-]*",
    re.IGNORECASE,
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Reorders, hides or only pretends to be there: marks of direction, zero width, the
# tags that spell invisible ASCII, and variation selectors beyond those of emoji.
_HIDDEN = re.compile(
    "[\x80-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
_YAML_CALLS = re.compile(rb"_target_|!!python|!<|\\x5f|\\u005f", re.IGNORECASE)
_SHEBANG = "#!"


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the same text as UTF-8, without what hides.

    Args:
        source: A README, a licence, a word list.
        workplace: Where it is written, under its own name.
        options: Not used.

    A text under any other name is left out: some program may run or obey it, as a
    shell does ``.bashrc``.

    Raises:
        RefusedError: It is no UTF-8, too long, a script, a tar file or pickle of
            letters, a file of another kind behind what hides, or by its name a
            template that could do more than put text together.
    """
    del options
    name = source.path.rpartition("/")[2]
    is_list = name in _WORD_LISTS
    text = _text(source, MOST_LIST_BYTES if is_list else MOST_BYTES)
    written = text if is_list else _HIDDEN.sub("", _CONTROLS.sub("", text))
    for each in {text, written}:  # what is taken out may have stood before either
        if each.startswith(_SHEBANG):
            raise RefusedError("text/script", "text begins like a program: #!")
        verify_no_pickle(each)
    _verify_no_other_kind(written.encode())
    if not _is_for_people(name):
        return Rewritten(
            kind=KIND, changes=("left out: no loader of weights reads such a text",)
        )
    findings: tuple[Finding, ...] = ()
    if is_list:
        if _CONTROLS.search(text):
            raise RefusedError("text/control", "word list holds a control character")
    else:
        findings = _hidden_finding(len(text) - len(written))
    templates: dict[str, Json] = {}
    if not is_list and _is_template(source.path, written):
        found = review(written, label=source.path)
        findings = (*findings, *found.findings)
        templates["templates"] = [[source.path, found.digest]]
    with workplace.create(source.path) as file:
        file.append(written.encode())
    return Rewritten(
        kind=KIND, outputs=(source.path,), facts=templates, findings=findings
    )


def _verify_no_other_kind(written: bytes) -> None:
    """Check that what is left of a text does not begin like a file of another kind."""
    kind = kind_by_magic(written[:HEAD_BYTES], len(written))
    if kind is not Kind.UNKNOWN:
        raise RefusedError(
            "text/magic", f"text is {kind} as soon as what hides is taken out"
        )


def _is_template(path: str, text: str) -> bool:
    """Return whether some program would run a text: ``chat_template.txt``."""
    name = path.rpartition("/")[2]
    return _NAMES.fullmatch(name) is None and is_of_templates(path) and has_marks(text)


def _is_for_people(name: str) -> bool:
    """Return whether a text of this name is read by people or tokenizers."""
    stem, dot, ending = name.rpartition(".")
    if dot and ending.lower() in _ENDINGS:
        return bool(stem)
    return _NAMES.fullmatch(name) is not None


def drop_yaml(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Leave a YAML file out; no loader of weights needs one.

    Args:
        source: The file.
        workplace: Not used.
        options: Not used.

    Raises:
        RefusedError: It names something to be called, or is a pickle.
    """
    del workplace, options
    if source.length > MOST_BYTES:
        raise RefusedError("text/size", f"text has {source.length} bytes")
    data = source.read_exactly(0, source.length)
    verify_no_pickle(data)
    if _YAML_CALLS.search(data):
        raise RefusedError(
            "config/callable", "YAML names what a loader would call or import"
        )
    return Rewritten(kind="yaml", changes=("left out: no loader of weights reads it",))


def _text(source: Source, at_most_bytes: int) -> str:
    if source.length > at_most_bytes:
        raise RefusedError(
            "text/size", f"text has {source.length} bytes of {at_most_bytes}"
        )
    try:
        return source.read_exactly(0, source.length).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError("text/encoding", "text is not UTF-8") from None


def _hidden_finding(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    return (
        Finding(
            rule="text/hidden",
            level=Level.NOTE,
            message=f"{counted(count, 'character')} taken out that hide or reorder"
            " text",
        ),
    )
