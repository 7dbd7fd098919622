"""What a campaign keeps in its store, and under which names.

::

    bundles/<2 digits>/<sha256>.tar.gz                   the evidence of one trial
    campaigns/<campaign>/asked.json                      the workflow run that asked for it
    campaigns/<campaign>/campaign.json                   scenarios, options, versions: a ``run.json`` without results
    campaigns/<campaign>/<scenario>/known.json           what the undisturbed trials showed
    campaigns/<campaign>/<scenario>/round-<n>.json       the plans of a round
    campaigns/<campaign>/<scenario>/round-<n>/over.json  what of it was given up
    campaigns/<campaign>/<scenario>/round-<n>/<batch>.json           what a batch came to
    campaigns/<campaign>/<scenario>/round-<n>/<batch>.begun/<trial>  the bundle of a trial that one under way has made
    campaigns/<campaign>/<scenario>/explored-<n>.json    what a part of its exploration came to
    campaigns/<campaign>/replayed-<n>.json               what a batch of replays came to
    campaigns/<campaign>/given-up.json                   why scenarios were given up, by name
    campaigns/<campaign>/result.json                     what it came to: a ``run.json``
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.foreign import for_file_name
from harness.records.cut import Cut
from harness.records.plan import Strike
from harness.records.replay_result import ReplayResult

CAMPAIGNS = "campaigns"
"""The folder that has one for each campaign."""


ASKED = "asked.json"
"""The file of a campaign that is written first."""


THIN = "thin"
"""Option in ``campaign.json``: whether the evidence of trials that passed is left out, once their batch is over."""


SHARDS = "shards"
"""Option in ``campaign.json``: in how many parts each scenario is explored, too."""


CODE = "code"
"""Option in ``campaign.json``: digest of the Python code under test alone, whatever runs it."""


HISTORIES = "histories"
"""Option in ``campaign.json``: files, folders and patterns of histories that are replayed, too."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """``known.json``: what the undisturbed trials of a scenario showed.

    Attributes:
        result: What the sweep came to so far, as ``run.json`` holds it.
        bundles: The bundles of the undisturbed trials, in order.
    """

    result: dict[str, Any]
    bundles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KnownBundles:
    """What each batch needs of ``known.json``: its points, of which there are many, are not read then.

    Attributes:
        bundles: The bundles of the undisturbed trials, in order.
    """

    bundles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Round:
    """``round-<n>.json``: the plans of a round.

    Attributes:
        plans: The plans, in order, each as text.
        cuts: The cuts that this round is the first to try; none in the first round, whose cuts are in ``known.json``.
        places: Places that were known before this round's recoveries are looked at.
        pairs: Whether the plans are pairs of strikes (``harness.sweeps.pairs``): then it is the last round.
    """

    plans: tuple[str, ...]
    cuts: tuple[Cut, ...] = ()
    places: tuple[str, ...] = ()
    pairs: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialShown:
    """What the recovery of one trial showed that its undisturbed trials did not.

    Attributes:
        plan: Its plan.
        cuts: The cuts at new places.
        wanted: For each, whether it is to be tried.
        second: The strikes that may come second after its own, where pairs were asked for.
    """

    plan: str
    cuts: tuple[Cut, ...] = ()
    wanted: tuple[bool, ...] = ()
    second: tuple[Strike, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """``<batch>.json``: what a batch came to.

    Attributes:
        result: Verdicts, strikes and notes, as ``run.json`` holds those of a sweep.
        bundles: The bundle of each trial, by its id.
        shown: What the recovery of each trial showed, in the order of the plans.
    """

    result: dict[str, Any]
    bundles: dict[str, str] = field(default_factory=dict)
    shown: tuple[TrialShown, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Over:
    """``over.json``: a round whose batches are done.

    Attributes:
        batches: How many it had.
        given_up: What was given up, each with why.
    """

    batches: int
    given_up: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Explored:
    """``explored-<n>.json``: what a part of the exploration of a scenario came to.

    Attributes:
        bundle: The bundle of its evidence folder.
    """

    bundle: str


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """``replayed-<n>.json``: what a batch of replays came to.

    Attributes:
        result: What its histories came to.
        of: How many batches there are.
    """

    result: ReplayResult
    of: int


@dataclass(frozen=True)
class Places:
    """The names of what one campaign keeps.

    Attributes:
        campaign: Its id.
    """

    campaign: str

    @property
    def asked(self) -> str:
        """The workflow run that asked for it: what another one kept under the same id is another campaign's."""
        return f"{self._root}/{ASKED}"

    @property
    def declared(self) -> str:
        """Its scenarios and options."""
        return f"{self._root}/campaign.json"

    @property
    def result(self) -> str:
        """What it came to."""
        return f"{self._root}/result.json"

    @property
    def given_up(self) -> str:
        """Why scenarios were given up, by name."""
        return f"{self._root}/given-up.json"

    def replayed(self, number: int) -> str:
        """What a batch of replays came to."""
        return f"{self._root}/replayed-{number}.json"

    def known(self, scenario: str) -> str:
        """What the undisturbed trials of a scenario showed."""
        return f"{self._of(scenario)}/known.json"

    def explored(self, scenario: str, number: int) -> str:
        """What a part of the exploration of a scenario came to."""
        return f"{self._of(scenario)}/explored-{number}.json"

    def round(self, scenario: str, number: int) -> str:
        """The plans of a round."""
        return f"{self._of(scenario)}/round-{number}.json"

    def batches(self, scenario: str, number: int) -> str:
        """The folder of what the batches of a round came to."""
        return f"{self._of(scenario)}/round-{number}"

    def over(self, scenario: str, number: int) -> str:
        """What of a round was given up."""
        return f"{self.batches(scenario, number)}/over.json"

    def batch(self, scenario: str, number: int, batch: int) -> str:
        """What a batch came to."""
        return f"{self.batches(scenario, number)}/{batch}.json"

    def begun(self, scenario: str, number: int, batch: int) -> str:
        """The folder that names the bundles of the trials that a batch has made so far, each under its trial."""
        return f"{self.batches(scenario, number)}/{batch}.begun"

    @property
    def _root(self) -> str:
        return f"{CAMPAIGNS}/{for_file_name(self.campaign)}"

    def _of(self, scenario: str) -> str:
        return f"{self._root}/{for_file_name(scenario)}"
