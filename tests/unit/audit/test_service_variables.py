"""Variables that name a service of the same machine are read; those of the server, models and watchers not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.audit.test_program_reading import agent, program


@pytest.mark.parametrize(
    ("code", "services"),
    [
        ('os.environ.get("NOTES_URL", "http://localhost:9000")', {"NOTES_URL": ""}),
        ('os.getenv("PAYMENTS", "http://127.0.0.1:8080/v2/")', {"PAYMENTS": "/v2"}),
        ('os.environ.get("NOTES_URL")', {}),
        ('os.environ.get("WEATHER_URL", "https://api.weather.example")', {}),
        ('os.environ.get("DATABASE_URL", "postgresql://localhost:5432/app")', {}),
        ('os.environ.get("TEMPORAL_UI", "http://localhost:8233")', {}),
        ('os.environ.get("OLLAMA_BASE_URL", "http://localhost:11434/v1")', {}),
        ('os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")', {}),
        ('os.environ.get("EFFECTS_URL", "http://localhost:9000")', {}),
        ('{}.get("NOTES_URL", "http://localhost:9000")', {}),
        ('os.environ.get("NOTES_URL", "http://[:9000")', {}),
    ],
)
def test_what_plays_a_service_is_told_by_its_variable(tmp_path: Path, code: str, services: dict[str, str]) -> None:
    assert program(tmp_path, f"import os\nURL = {code}\n" + agent("question: str")).services == services


def test_it_may_be_read_beside_the_worker(tmp_path: Path) -> None:
    beside = 'import os\nURL = os.environ.get("NOTES_URL", "http://localhost:9000/notes")\n'
    assert program(tmp_path, agent("question: str"), settings=beside).services == {"NOTES_URL": "/notes"}
