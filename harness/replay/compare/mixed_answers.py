"""Answers to several conditions at once: taken for each of them, or a reason to try each alone, and then once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.replay.compare.decisions import ConditionReplay
from harness.replay.conditions import AGAIN, Condition, mixes

Chosen = list[tuple[Condition, Sequence[int] | None]]
"""Conditions with the histories that are replayed under them; None: all."""


class MixedAnswers:
    """Says what is replayed in each of three rounds, and turns the answers to mixes into those to conditions.

    In the second round each condition of a mix has a process that has replayed nothing before, and so has the
    reference: otherwise what depends on the process would seem to depend on each of them.

    Args:
        conditions: The conditions; the first one is what the others are compared with.
        afresh: Whether the second round and the third have such processes. Without, the conditions of a mix are tried
            in processes that others may have used, and there is no third round.
    """

    def __init__(self, conditions: Sequence[Condition], *, afresh: bool = True) -> None:
        self._afresh = afresh
        self._mixes = mixes(conditions)
        self._mixed = {mix.condition.name: mix for mix in self._mixes if len(mix.parts) > 1}
        self._whole = {each.name for each in conditions if not each.prefixes}
        self._plain = _Compared(conditions[0].name)
        self._cold = _Compared(AGAIN[0].name)
        self._apart: dict[str, list[int]] = defaultdict(list)
        self._tried: set[str] = set()
        self._differ: set[int] = set()

    def first(self) -> Chosen:
        """Return what is replayed first: all histories, under mixes."""
        return [(mix.condition, None) for mix in self._mixes]

    def apart(self) -> Chosen:
        """Return what is replayed next: the histories that a mix changes, under each of its conditions alone."""
        if not self._afresh:
            return [(part, tuple(sorted(at))) for name, at in self._apart.items() for part in self._mixed[name].parts]
        alone: Chosen = []
        for name, indices in self._apart.items():
            parts = [replace(part, fresh=True) for part in self._mixed[name].parts]
            self._tried |= {part.name for part in parts if part.process != AGAIN[0].process}
            alone += [(part, tuple(sorted(indices))) for part in parts]
        differing = {index for indices in self._apart.values() for index in indices}
        return [(AGAIN[0], tuple(sorted(differing))), *alone] if alone else []

    def again(self) -> Chosen:
        """Return what is replayed last: the histories that some condition changed, several times under none."""
        return [(each, tuple(sorted(self._differ))) for each in AGAIN] if self._differ and self._afresh else []

    def settled(self, answer: ConditionReplay) -> Iterator[ConditionReplay]:
        """Take an answer, and yield the answers to single conditions that are known by it."""
        if answer.condition in self._tried or answer.condition == AGAIN[0].name:
            for each, same in self._cold.compared(answer):
                # What is the same as in the other fresh process does not depend on this condition.
                plain = self._plain.known[each.index]
                yield replace(plain, condition=each.condition) if same and each.condition in self._tried else each
                self._note(each, differs=not same)
            return
        if answer.condition not in self._mixed:
            yield answer
        for each, same in self._plain.compared(answer):
            mix = self._mixed.get(each.condition)
            if mix is None:
                self._note(each, differs=not same)
            elif same:
                yield from (replace(each, condition=part.name) for part in mix.parts)
            else:
                self._apart[each.condition].append(each.index)

    def _note(self, answer: ConditionReplay, *, differs: bool) -> None:
        if differs and answer.condition in self._whole and not answer.replay.lost:
            self._differ.add(answer.index)


class _Compared:
    """Compares the answers for each history with that of a reference, as soon as there is one, which is ``known``."""

    def __init__(self, reference: str) -> None:
        self._reference = reference
        self.known: dict[int, ConditionReplay] = {}
        self._waiting: dict[int, list[ConditionReplay]] = defaultdict(list)

    def compared(self, answer: ConditionReplay) -> Iterator[tuple[ConditionReplay, bool]]:
        """Take an answer, and yield each that can be compared now, with whether it is the reference's."""
        index = answer.index
        self._waiting[index].append(answer)
        if answer.condition == self._reference:
            self.known[index] = answer
        if index in self.known:
            wanted = _digest(self.known[index])
            for each in self._waiting.pop(index):
                yield each, _digest(each) == wanted


def _digest(answer: ConditionReplay) -> int:
    """Return what is the same in answers that agree."""
    replay = answer.replay
    ending = bool(replay.failure), bool(replay.lost), replay.blocked, bool(replay.skipped)
    return hash((frozenset(answer.decisions.items()), ending))
