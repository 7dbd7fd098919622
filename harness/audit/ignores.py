"""Comments that ignore findings: `# crashproof: ignore[CP106] reason`, for a line or for a whole file.

A comment behind code is about that line; one with a line of its own is about the next line of code. A finding in an
installed package is ignored at the line of own code that leads there.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.audit.code.source import decoded
from harness.errors import nearest
from harness.records.audit_result import AuditFinding, AuditResult, CodePlace

_COMMENT = re.compile(r"#\s*crashproof\s*:\s*(?P<word>[\w-]+)\s*(?P<rules>\[[^\]]*\])?(?P<reason>.*)", re.IGNORECASE)
_WORDS = ("ignore", "ignore-file")
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True, kw_only=True)
class Ignore:
    """One rule that a comment in the audited code ignores, for a line or for the whole file.

    Attributes:
        place: The comment.
        rule: Id of the rule.
        reason: Why, as written.
        line: The line that it is about; 0 for the whole file.
    """

    place: CodePlace
    rule: str
    reason: str
    line: int

    def matches(self, finding: AuditFinding, places: Iterable[CodePlace]) -> bool:
        """Tell whether it ignores a finding that stands at, or is led to by, these places."""
        return self.rule == finding.rule and any(self._is_at(place) for place in places)

    def _is_at(self, place: CodePlace) -> bool:
        return place.file == self.place.file and self.line in (0, place.line, place.end_line or place.line)


def heed(audited: AuditResult, *, rules: Mapping[str, str], asked: Iterable[str]) -> AuditResult:
    """Return the audit with what comments ignore set apart, and with the comments that ignore nothing.

    Args:
        audited: What the rules found.
        rules: Id of each rule by its id and its name, in lower case.
        asked: Ids of the rules that were asked: a comment about another one may well be of use.
    """
    read = [report.file for report in audited.files if not report.reason]
    bad: list[CodePlace] = []
    ignores = [each for file in read for each in _in_file(file, rules, bad)]
    kept, suppressed, used = _applied(audited.findings, ignores, frozenset(read))
    wanted = set(asked)
    unused = [each for each in ignores if each not in used and each.rule in wanted]
    return replace(
        audited,
        findings=tuple(kept),
        suppressed=(*audited.suppressed, *suppressed),
        unused_ignores=tuple(
            replace(each.place, what=f"ignores {each.rule}, which is not found here") for each in unused
        ),
        bad_ignores=tuple(bad),
    )


def _applied(
    findings: Iterable[AuditFinding], ignores: Sequence[Ignore], own: frozenset[str]
) -> tuple[list[AuditFinding], list[tuple[AuditFinding, str]], set[Ignore]]:
    kept, suppressed, used = [], [], set()
    for finding in findings:
        places = [finding.place] if finding.place.file in own else [*finding.path[-1:], *_last_own(finding, own)]
        matching = [each for each in ignores if each.matches(finding, places)]
        if matching:
            used.update(matching)
            suppressed.append((finding, matching[0].reason))
        else:
            kept.append(finding)
    return kept, suppressed, used


def _last_own(finding: AuditFinding, own: frozenset[str]) -> list[CodePlace]:
    return [place for place in finding.path if place.file in own][-1:]


def _in_file(file: str, rules: Mapping[str, str], bad: list[CodePlace]) -> Iterator[Ignore]:
    """Yield what the comments of a file ignore, and add those that are wrong to ``bad``."""
    try:
        raw = Path(file).read_bytes()
    except OSError:
        return
    if b"crashproof" not in raw.lower():
        return
    for place, about, comment in _comments(file, decoded(raw)[0]):
        word = comment["word"].lower()
        reason = comment["reason"].strip(" \t:-\N{EN DASH}\N{EM DASH}")
        named = [each.strip() for each in (comment["rules"] or "").strip("[]").split(",") if each.strip()]
        wrong = _wrong(word, named, reason, rules)
        if wrong:
            bad.append(replace(place, what=wrong))
        for name in named if word in _WORDS and reason else ():
            if rule := rules.get(name.lower()):
                yield Ignore(place=place, rule=rule, reason=reason, line=0 if word == "ignore-file" else about)


def _wrong(word: str, named: Sequence[str], reason: str, rules: Mapping[str, str]) -> str:
    """Return what is wrong with a comment, or an empty text."""
    unknown = [name for name in named if name.lower() not in rules]
    if word not in _WORDS:
        return f"says {word!r}, which nothing is called{nearest(word, _WORDS)}: write ignore[RULE] and the reason"
    if not named:
        return f"names no rule: write {word}[RULE] and the reason"
    if unknown:
        return f"names {unknown[0]}, and no rule is called so{nearest(unknown[0].upper(), _ids(rules))}"
    if not reason:
        return f"gives no reason, so it ignores nothing: write the reason behind {word}[{', '.join(named)}]"
    return ""


def _ids(rules: Mapping[str, str]) -> list[str]:
    return sorted(set(rules.values()))


def _comments(file: str, text: str) -> Iterator[tuple[CodePlace, int, re.Match[str]]]:
    """Yield each comment to crashproof, with the line of code that it is about."""
    waiting: list[tuple[CodePlace, re.Match[str]]] = []
    code = 0
    for token in _tokens(text):
        line = token.start[0]
        if token.type == tokenize.COMMENT and (comment := _COMMENT.search(token.string)):
            column = token.start[1] + comment.start() + 1
            place = CodePlace(file=file, line=line, column=column, end_line=line, end_column=token.end[1] + 1)
            if code == line:
                yield place, line, comment
            else:
                waiting.append((place, comment))
        elif token.type not in _NO_CODE:
            yield from ((place, line, comment) for place, comment in waiting)
            waiting.clear()
            code = token.end[0]
    yield from ((place, place.line, comment) for place, comment in waiting)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):  # what it said until there is heeded
        return
