"""A base of agents that keeps its tally on the class."""

from temporalio import workflow


class Tallied:
    """Counts turns, for all agents at once."""

    turns = 0
    tools: list[str] = []

    def turn(self) -> int:
        Tallied.turns += 1  # finding: CP202
        return self.turns

    @classmethod
    def reset(cls) -> None:
        cls.turns = 0  # finding: CP202

    @workflow.signal
    def register(self, tool: str) -> None:
        self.tools.append(tool)  # finding: CP202
