"""Nodes and tasks of LangGraph that its plugin runs as activities, with the options that they are started with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.test_code import is_test
from harness.audit.code.astroid_nodes import items, keyword_value
from harness.audit.code.plugin_activities import LANGGRAPH_PLUGINS
from harness.audit.code.start_calls import calls_of

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_WHERE = "execute_in"


@dataclass(frozen=True, kw_only=True)
class GraphNode:
    """A node of a graph, or a task, that runs as an activity.

    Attributes:
        name: Its name; empty where that is not written.
        node: What declares it.
        options: The options of its activity: its own over those of the plugin; one for each plugin of the project.
    """

    name: str
    node: nodes.NodeNG
    options: tuple[Mapping[str, Any], ...]


def graph_nodes(project: Project) -> Iterator[GraphNode]:
    """Yield the nodes and tasks that run as activities, as far as all their options are written."""
    plugins = list(_plugins(project))
    defaults = [_default_options(call, project) for call in plugins]
    known = [each for each in defaults if each is not None]
    if not known or len(known) != len(defaults):
        return
    for name, node, own in _declared(project, plugins):
        options = written_options(own)
        if options and project.value_of(options.get(_WHERE)) == "activity":
            yield GraphNode(name=name, node=node, options=tuple({**each, **options} for each in known))


def written_options(configuration: Any) -> dict[str, Any] | None:
    """Return what a configuration holds, by name; None if that is not all written there."""
    if isinstance(configuration, nodes.Const) and configuration.value is None:
        return {}
    if isinstance(configuration, nodes.Call):
        if configuration.args or any(each.arg is None for each in configuration.keywords):
            return None
        return {str(each.arg): each.value for each in configuration.keywords}
    if isinstance(configuration, nodes.Dict) and all(isinstance(key, nodes.Const) for key, _ in items(configuration)):
        return {str(key.value): each for key, each in items(configuration) if isinstance(key, nodes.Const)}
    return None


def _plugins(project: Project) -> Iterator[nodes.Call]:
    for module in project.modules:
        if not is_test(module):
            for call in calls_of(module, frozenset({"LangGraphPlugin"})):
                if project.dotted_name(call.func) in LANGGRAPH_PLUGINS:
                    yield call


def _default_options(plugin: nodes.Call, project: Project) -> dict[str, Any] | None:
    """Return the options that a plugin gives to all; None if they are not all written."""
    if any(each.arg is None for each in plugin.keywords):
        return None
    given = keyword_value(plugin, "default_activity_options")
    if given is None:
        return {}
    return written_options(given if isinstance(given, nodes.Const) else _only_origin(given, project))


def _declared(project: Project, plugins: Sequence[nodes.Call]) -> Iterator[tuple[str, nodes.NodeNG, Any]]:
    """Yield name, declaration and own options of nodes, and of tasks."""
    for module in project.modules:
        for call in () if is_test(module) else calls_of(module, frozenset({"add_node"})):
            if call.args and (written := _only_origin(keyword_value(call, "metadata"), project)):
                yield str(project.value_of(call.args[0]) or getattr(call.args[0], "name", "")), call, written
    for plugin in plugins:
        by_name = _only_origin(keyword_value(plugin, "activity_options"), project)
        for key, each in items(by_name) if isinstance(by_name, nodes.Dict) else ():
            if written := _only_origin(each, project):
                yield str(project.value_of(key) or ""), each, written


def _only_origin(expression: Any, project: Project) -> Any:
    """Return what an expression was written as; None where the code writes several things, or nothing."""
    written = [] if expression is None else project.origins_of(expression)
    return written[0] if len(written) == 1 else None
