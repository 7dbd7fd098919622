"""Right agents of every shape that a run may have survive the death of their worker."""

from harness import Scenario, query, reached, signal, start, started_by, started_by_worker, update
from scenarios.shapes.chain import BookWorkflow
from scenarios.shapes.conversation import ConversationWorkflow
from scenarios.shapes.family import DinnerWorkflow
from scenarios.shapes.forever import OrderDeskWorkflow
from scenarios.shapes.greeting import GreetingWorkflow
from scenarios.shapes.refuses import PurchaseWorkflow

GREETING = ("scenarios.shapes.greeting:GreetingWorkflow",)

family = Scenario(
    worker="python -m scenarios.shapes.family",
    work=start(DinnerWorkflow.run, ["ann", "bob"], ["soup", "pie"]),
)
chain = Scenario(worker="python -m scenarios.shapes.chain", work=start(BookWorkflow.run, 1, 3))
conversation = Scenario(
    worker="python -m scenarios.shapes.conversation",
    work=start(ConversationWorkflow.run),
    sends=[
        signal("say", "good morning"),
        signal("say", "good night", at="before/RespondActivityTaskCompleted/ConversationWorkflow/reply.1"),
        update("close", "it is late", at="before/RespondActivityTaskCompleted/ConversationWorkflow/reply.2"),
        query("answers", at="after/RespondActivityTaskCompleted/ConversationWorkflow/reply.1"),
    ],
)
forever = Scenario(
    worker="python -m scenarios.shapes.forever",
    work=start(OrderDeskWorkflow.run, []),
    sends=[
        signal("order", "tea"),
        signal("order", "cake", at="before/RespondActivityTaskCompleted/OrderDeskWorkflow/fulfil.1"),
    ],
    over=reached("after/RespondActivityTaskCompleted/OrderDeskWorkflow/fulfil.*", times=2),
)
refuses = Scenario(
    worker="python -m scenarios.shapes.refuses",
    work=start(PurchaseWorkflow.run, "piano", 500),
    fails="BudgetExceeded",
)
own_starter = Scenario(
    worker="python -m scenarios.shapes.greeting",
    work=started_by("python -m scenarios.shapes.starter", workflow="GreetingWorkflow", modules=GREETING),
)
one_program = Scenario(
    worker="python -m scenarios.shapes.one_program",
    work=started_by_worker(workflow="GreetingWorkflow", modules=GREETING),
)
hard_coded = Scenario(
    worker="python -m scenarios.shapes.hard_coded",
    task_queue="greetings",
    work=start(GreetingWorkflow.run, "Ada"),
    address="localhost:7233",
)
