"""The plugin of the OpenAI Agents SDK as it comes breaks under what a model may answer.

It needs the extra ``openai-agents`` (pip install 'crashproof[openai-agents]').
"""

from dataclasses import replace

from harness import Scenario, start
from scenarios.openai_agent.as_it_comes import HelloWorldAgent, HelloWorldStreamed

as_it_comes = Scenario(
    worker="python -m scenarios.openai_agent.as_it_comes",
    task_queue="hello",
    work=start(HelloWorldAgent.run, "Tell me about recursion in programming."),
    faults=["model-429-date", "model-429-quota", "tool-unknown"],
    replayer="scenarios.openai_agent.as_it_comes:replayer",
    time_limit=45,
)

streamed_as_it_comes = replace(
    as_it_comes,
    work=start(HelloWorldStreamed.run, "Tell me about recursion in programming."),
    faults=["stream-unfinished"],
)

MET = "HelloWorldAgent/invoke_model_activity.1/attempt-1"
STREAM_MET = "HelloWorldStreamed/invoke_model_activity_streaming.1/attempt-1"
FOUND = (
    ("no-workflow-task-failure", "broken", f"tool-unknown@after/model.responses/{MET}"),
    ("no-workflow-task-failure", "broken", f"stream-unfinished@after/model.responses.stream/{STREAM_MET}"),
    ("nothing-truncated-accepted", "broken", f"stream-unfinished@after/model.responses.stream/{STREAM_MET}"),
    ("terminal-error-tried-once", "broken", f"model-429-quota@before/model.responses/{MET}"),
    ("retry-after-honoured", "wasteful", f"model-429-date@before/model.responses/{MET}"),
    ("retry-bounded", "risky", "baseline"),
)
"""What a sweep finds: check, severity, smallest plan."""
