"""What `crashproof init` understands of a project, and what it writes for it: never over what is there."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harness.app.init import ProjectReading, read_project, write
from harness.app.loading import load
from tests.unit.audit.test_program_reading import HEAD, PYDANTIC, REVIEWED, TAIL, agent
from tests.unit.docs.test_action import wrong
from tests.unit.published import published

WATCHING = ["prometheus_alerts.yml", "grafana_dashboard.json"]
BESIDE = ["noxfile.py", ".github/workflows/crashproof.yml", "retry_policy.json", *WATCHING]
TO_COPY = ["temporal_worker.py", "openai_agent_integration.py"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(reading: ProjectReading) -> list[str]:
    return [str(each.path) for each in reading.files]


def test_each_workflow_of_a_worker_has_its_scenario(project: Path) -> None:
    (project / "worker.py").write_text("import openai, httpx\nimport httpx\n" + HEAD + agent("question: str") + TAIL)
    reading = read_project(project)
    assert reading.said == (
        "worker.py:21: worker on task queue orders at localhost:7233: Agent(question: str), started by others",
        "a model is asked by openai: model_script.py says what it answers in trials",
        "services are called by httpx: faults meet them by --http-proxy, or where their address is read from the "
        "environment",
        "to copy from: temporal_worker.py and openai_agent_integration.py; what you have stays as it is",
    )
    scenarios = ["scenarios/agent.py", "scenarios/model_script.py", "scenarios/test_survives.py"]
    assert paths(reading) == [*scenarios, *BESIDE, *TO_COPY]
    texts = {str(each.path): each.text for each in reading.files}
    for name, text in texts.items():
        if name.endswith(".py"):
            ast.parse(text)
    assert "from worker import Agent\n" in texts["scenarios/agent.py"]
    assert 'work=start(Agent, "question"),' in texts["scenarios/agent.py"]
    assert 'CODE = ["--workflows", "worker"]\n' in texts["noxfile.py"]
    assert set(json.loads(texts["retry_policy.json"])) == {"aggressive", "conservative"}


def test_a_package_below_src_is_run_as_a_module_that_is_found(project: Path) -> None:
    (project / "src" / "app").mkdir(parents=True)
    (project / "src" / "app" / "__init__.py").touch()
    (project / "src" / "app" / "worker.py").write_text(HEAD + agent("question: str") + TAIL)
    (scenario, *_) = read_project(project).files
    assert 'worker="python -m app.worker",' in scenario.text
    assert 'env={"PYTHONPATH": "src"},' in scenario.text


def test_in_an_empty_folder_there_is_a_worker_to_begin_with(project: Path) -> None:
    reading = read_project(project)
    assert reading.said == (
        "no worker was found: temporal_worker.py is one to begin with",
        "to copy from: openai_agent_integration.py; what you have stays as it is",
    )
    assert paths(reading) == [TO_COPY[0], "scenarios/agent.py", "scenarios/test_survives.py", *BESIDE, TO_COPY[1]]


def test_scenarios_that_are_written_can_be_loaded(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(project)
    write(read_project(project), project)
    (scenario,) = load(["scenarios"])
    assert (scenario.name, scenario.task_queue, scenario.worker) == ("agent", "agents", "python temporal_worker.py")


def test_what_it_writes_for_others_is_valid(project: Path) -> None:
    import yaml

    (project / "worker.py").write_text("import agents\n" + HEAD + agent("question: str") + TAIL)
    texts = {str(each.path): each.text for each in read_project(project).files}
    assert wrong(texts[".github/workflows/crashproof.yml"], "github-workflow") == []
    alerts = yaml.safe_load(texts["prometheus_alerts.yml"])
    assert [error.message for error in published("prometheus.rules").iter_errors(alerts)] == []
    assert len({panel["id"] for panel in json.loads(texts["grafana_dashboard.json"])["panels"]}) == 8
    ast.parse(texts["openai_agent_integration.py"])


def test_a_worker_and_an_agent_to_copy_from_are_written_beside_others_unless_they_are_not_wanted(project: Path) -> None:
    (project / "worker.py").write_text(HEAD + agent("question: str") + TAIL)
    (project / TO_COPY[0]).write_text("mine")
    assert {str(each.path) for each in read_project(project).files if each.exists} == {TO_COPY[0]}
    assert not set(TO_COPY) & set(paths(read_project(project, templates=False)))


@pytest.mark.parametrize("program", ["worker.py", ""])
def test_what_was_written_to_copy_from_is_not_taken_for_the_project(project: Path, program: str) -> None:
    if program:
        (project / program).write_text(HEAD + agent("question: str") + TAIL)
    before = read_project(project)
    write(before, project)
    after = read_project(project)
    assert paths(after) == paths(before) or not program  # the worker to begin with is the project's own then
    assert [line.partition(":")[0] for line in after.said] == [program or TO_COPY[0], "to copy from"]
    (project / TO_COPY[0]).write_text((project / TO_COPY[0]).read_text().replace("Agent", "Mine"))
    changed = [line.partition(":")[0] for line in read_project(project).said]
    assert sorted(changed[:-1]) == sorted(filter(None, [program, TO_COPY[0]]))


def test_the_plugin_that_is_written_is_one(project: Path) -> None:
    pytest.importorskip("temporalio.openai_agents")
    (project / "worker.py").write_text("import agents\n" + HEAD + agent("question: str") + TAIL)
    scope: dict[str, object] = {}
    [text] = [each.text for each in read_project(project).files if each.path.name == "openai_agent_integration.py"]
    exec(text, scope)
    assert callable(plugin := scope["agents_plugin"])
    assert type(plugin()).__name__ == "OpenAIAgentsPlugin"


FOREIGN = {
    "two workers": {
        "orders/worker.py": HEAD + agent("order: int") + TAIL,
        "mails/worker.py": HEAD + agent("to: str").replace("Agent", "Mail") + TAIL.replace("Agent", "Mail"),
    },
    "workflow apart": {
        "src/flows.py": HEAD + agent("query: str, depth: int = 2"),
        "src/main.py": HEAD + "from flows import Agent\n" + TAIL,
        "requirements.txt": "temporalio\n",
    },
    "no input": {"run_worker.py": HEAD + agent("").replace("self, )", "self)") + TAIL, "pyproject.toml": ""},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_looking_projects_get_scenarios_that_load(
    name: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file, text in FOREIGN[name].items():
        (project / file).parent.mkdir(exist_ok=True)
        (project / file).write_text(text)
    monkeypatch.syspath_prepend(project)
    reading = read_project(project)
    write(reading, project)
    workers = sum(text.endswith(TAIL) or "Worker(client" in text for text in FOREIGN[name].values())
    assert len(load(["scenarios"])) == workers, reading.said


@pytest.mark.parametrize(
    ("file", "installs"), [("requirements.txt", " -r requirements.txt"), ("pyproject.toml", " ."), ("", " temporalio")]
)
def test_machines_of_a_campaign_are_described_where_that_is_asked(project: Path, file: str, installs: str) -> None:
    (project / (file or "notes.txt")).write_text("")
    assert "campaign.Dockerfile" not in paths(read_project(project))
    texts = {str(each.path): each.text for each in read_project(project, campaign=True).files}
    lines = texts["campaign.Dockerfile"].splitlines()
    assert f"RUN pip install --no-cache-dir{installs}" in lines
    assert lines[-1] == 'ENTRYPOINT ["tini", "--", "crashproof", "campaign", "worker"]'
    machines = yaml.safe_load(texts["campaign_workers.yaml"])
    spec = machines["spec"]["template"]
    assert machines["spec"]["selector"]["matchLabels"] == spec["metadata"]["labels"]
    [container] = spec["spec"]["containers"]
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in spec["spec"]["volumes"]}


def test_what_a_project_imports_is_installed_where_no_file_of_it_says_what_it_needs(project: Path) -> None:
    (project / "own.py").touch()
    (project / "worker.py").write_text(
        "import httpx, own\nimport json\nfrom yaml import safe_load\nimport none_such\n" + HEAD + TAIL
    )
    for file, packages in (("", '"PyYAML", "httpx", "pydantic", "temporalio"'), ("pyproject.toml", '"-e", "."')):
        if file:
            (project / file).touch()
        texts = {str(each.path): each.text for each in read_project(project).files}
        assert f"NEEDS = [{packages}]\n" in texts["noxfile.py"]
        installed = packages.replace('"', "").replace(",", "")
        assert f"run: pip install 'crashproof[server]' {installed}\n" in texts[".github/workflows/crashproof.yml"]


def test_nothing_is_written_over(project: Path) -> None:
    (project / "noxfile.py").write_text("mine")
    reading = read_project(project)
    assert [str(each.path) for each in reading.files if each.exists] == ["noxfile.py"]
    assert Path("noxfile.py") not in write(reading, project)
    assert (project / "noxfile.py").read_text() == "mine"
    assert write(read_project(project), project) == []


def test_a_program_that_starts_its_own_work_says_so(project: Path) -> None:
    starts = '        await client.execute_workflow("Agent", "why", id="x", task_queue="orders")\n'
    tail = TAIL.replace("        await asyncio.Event().wait()\n", starts)
    (project / "worker.py").write_text(HEAD + agent("question: str") + tail)
    scenario = next(each.text for each in read_project(project).files if each.path.name == "agent.py")
    assert 'work=started_by_worker(workflow="Agent"),' in scenario
    ast.parse(scenario)


def test_what_a_workflow_waits_for_is_sent(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "worker.py").write_text(HEAD + REVIEWED + TAIL)
    write(read_project(project), project)
    monkeypatch.syspath_prepend(project)
    (scenario,) = load(["scenarios"])
    assert [(each.name, each.args, each.at) for each in scenario.sends] == [
        ("decide", ({"by": "by", "decision": "yes"},), "waiting"),
        ("sign-it", ("name",), "waiting"),
    ]


def test_each_scenario_has_a_file_that_no_other_module_is_mistaken_for(project: Path) -> None:
    (project / "agent.py").write_text(HEAD + agent("question: str"))
    for name in ("one", "two"):
        (project / f"{name}.py").write_text(HEAD + "from agent import Agent\n" + TAIL)
    scenarios = [each for each in read_project(project).files if "Scenario(" in each.text]
    assert [str(each.path) for each in scenarios] == ["scenarios/agent_scenario.py", "scenarios/agent_scenario2.py"]
    assert all("from agent import Agent\n" in each.text for each in scenarios)
    write(read_project(project), project)
    assert not any(each.exists is False for each in read_project(project).files)


def test_long_arguments_are_written_an_entry_a_line(project: Path) -> None:
    order = "@dataclass\nclass Order:\n" + "".join(f"    the_number_of_part_{n}: int\n" for n in range(4))
    (project / "worker.py").write_text(HEAD + order + agent("order: Order") + TAIL)
    scenario = read_project(project).files[0].text
    assert '    work=start(Agent, {\n        "the_number_of_part_0": 1,\n' in scenario
    assert max(map(len, scenario.splitlines())) <= 120


def test_the_test_that_is_written_is_collected_from_the_folder_of_the_project(project: Path) -> None:
    (project / "agent.py").write_text(HEAD + agent("question: str") + TAIL)
    write(read_project(project), project)
    done = subprocess.run(
        [Path(sys.executable).with_name("pytest"), "-q", "--collect-only", "-p", "no:cacheprovider", "scenarios"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "scenarios/test_survives.py::test_survives[agent]" in done.stdout, done.stdout


def test_a_data_converter_is_said_by_the_scenario(project: Path) -> None:
    text = "from temporalio.contrib.pydantic import pydantic_data_converter\n" + HEAD + agent("question: str") + TAIL
    text = text.replace('"localhost:7233"', '"localhost:7233", data_converter=pydantic_data_converter')
    (project / "worker.py").write_text(text)
    scenario = read_project(project).files[0].text
    assert f'    data_converter="{PYDANTIC}",\n' in scenario
    (project / "worker.py").write_text(text.replace("=[Agent]", "=[Agent], plugins=[object()]"))
    reading = read_project(project)
    assert 'work=start("Agent", "question"),' in reading.files[0].text
    assert (
        'CODE = ["--worker", "python worker.py"]\n'
        in {str(each.path): each.text for each in reading.files}["noxfile.py"]
    )
