"""Activities that plugins make of functions which no `@activity.defn` marks: tools of agents, nodes of graphs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from astroid import nodes

from harness.audit.code.astroid_nodes import elements, items, keyword_value
from harness.audit.code.name_resolver import NameResolver
from harness.audit.code.origins import origins, value
from harness.audit.code.places import place_of
from harness.audit.code.project_records import Activity, Module
from harness.audit.code.start_calls import calls_of

_DURABLE = "pydantic_ai.durable_exec.temporal.TemporalAgent"
LANGGRAPH_PLUGINS = frozenset({"temporalio.langgraph.LangGraphPlugin", "temporalio.contrib.langgraph.LangGraphPlugin"})
"""The plugin for LangGraph: a package of its own, and the name by which the SDK had it."""

_TOOL_DECORATORS = ("tool", "tool_plain")
_GRAPH_METHODS = ("add_node",)


class PluginActivities:
    """Finds the functions that become activities by way of a plugin.

    Args:
        resolver: Tells what expressions mean.
        modules: Where to look.
    """

    def __init__(self, resolver: NameResolver, *, modules: Sequence[Module]) -> None:
        self.resolver = resolver
        self.modules = modules

    def all(self) -> Iterator[Activity]:
        """Yield the tools of agents that pydantic-ai makes durable, and nodes and tasks of LangGraph in activities."""
        agents = list(self._durable_agents())
        for agent in agents:
            yield from self._listed_tools(agent)
        for module in self.modules:
            for function in module.index.functions if agents else ():
                yield from self._decorated(function, agents)
            for call in calls_of(module, frozenset(_GRAPH_METHODS)):
                yield from self._node_of_graph(call)
            for call in calls_of(module, frozenset({"LangGraphPlugin"})):
                if any(each.name in LANGGRAPH_PLUGINS for each in self.resolver.of(call.func)):
                    yield from self._tasks(call)

    def _durable_agents(self) -> Iterator[nodes.Call]:
        """Yield the calls that make the agents which `TemporalAgent` wraps."""
        for module in self.modules:
            for call in calls_of(module, frozenset({"TemporalAgent"})):
                if any(each.name == _DURABLE for each in self.resolver.of(call.func)):
                    given = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "wrapped")]
                    made = (one for each in given for one in origins(self.resolver, each))
                    yield from (one for one in made if isinstance(one, nodes.Call))

    def _decorated(self, function: nodes.FunctionDef, agents: Sequence[nodes.Call]) -> Iterator[Activity]:
        for decorator in function.decorators.nodes if function.decorators else ():
            called = decorator.func if isinstance(decorator, nodes.Call) else decorator
            if not isinstance(called, nodes.Attribute) or called.attrname not in _TOOL_DECORATORS:
                continue
            if any(one is agent for one in origins(self.resolver, called.expr) for agent in agents):
                yield self._activity(function, decorator)

    def _listed_tools(self, agent: nodes.Call) -> Iterator[Activity]:
        """Yield the functions in `Agent(tools=[…])`."""
        for keyword in agent.keywords:
            for listed in origins(self.resolver, keyword.value) if keyword.arg == "tools" else ():
                for each in elements(listed) if isinstance(listed, nodes.List | nodes.Tuple) else ():
                    yield from self._functions(each, agent)

    def _node_of_graph(self, call: nodes.Call) -> Iterator[Activity]:
        """Yield the function of `graph.add_node(name, function, metadata={"execute_in": "activity"})`."""
        metadata = keyword_value(call, "metadata")
        for written in origins(self.resolver, metadata):
            if isinstance(written, nodes.Dict) and self._in_activity(written):
                for each in call.args[:2]:
                    yield from self._functions(each, call)

    def _tasks(self, plugin: nodes.Call) -> Iterator[Activity]:
        """Yield the functions in `LangGraphPlugin(tasks=[…])` that its `activity_options` run in activities."""
        given = {each.arg: each.value for each in plugin.keywords}
        in_activities = {
            value(self.resolver, key)
            for written in origins(self.resolver, given.get("activity_options"))
            for key, each in (items(written) if isinstance(written, nodes.Dict) else ())
            for options in origins(self.resolver, each)
            if isinstance(options, nodes.Dict) and self._in_activity(options)
        }
        for listed in origins(self.resolver, given.get("tasks")):
            for each in elements(listed) if isinstance(listed, nodes.List | nodes.Tuple) else ():
                yield from (one for one in self._functions(each, plugin) if one.name in in_activities)

    def _in_activity(self, metadata: nodes.Dict) -> bool:
        return any(
            value(self.resolver, key) == "execute_in" and value(self.resolver, each) == "activity"
            for key, each in items(metadata)
        )

    def _functions(self, reference: nodes.NodeNG, maker: nodes.NodeNG) -> Iterator[Activity]:
        for resolved in self.resolver.of(reference):
            if isinstance(resolved.node, nodes.FunctionDef):
                yield self._activity(resolved.node, maker)

    def _activity(self, function: nodes.FunctionDef, maker: nodes.NodeNG) -> Activity:
        return Activity(
            name=function.name,
            node=function,
            module=self.resolver.modules.of(function),
            owner=None,
            decorator=maker,
            is_async=isinstance(function, nodes.AsyncFunctionDef),
            place=place_of(function, self.resolver.modules),
        )
