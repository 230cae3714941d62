"""`hoctap bench village` measures a small evening and prints its figures."""

import json

from typer.testing import CliRunner

from bot.main import app

KEYS = [
    "forms", "confirm_all_s", "turn_p99_ms_meanwhile", "commune_summary_ms", "certificates_per_s", "decision_docx_s",
]  # fmt: skip


def test_a_village_is_confirmed_and_its_papers_are_made() -> None:
    result = CliRunner().invoke(app, ["bench", "village", "--forms", "60", "--people", "1000", "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert list(figures) == KEYS
    assert figures["forms"] == 60
    assert all(value > 0 for value in figures.values())
