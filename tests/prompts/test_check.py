"""`check-prompts`: a table of templates, a rendered example, and faults named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.prompts.check import check


def _own(folder: Path, text: str) -> Path:
    (folder / "caption").mkdir(parents=True)
    (folder / "caption" / "mine.jinja").write_text(text)
    return folder


def test_shipped_templates_pass_and_one_is_shown() -> None:
    shown = check(style="comparison")
    assert "textbook" in shown
    assert "with area 3" in shown
    assert "- layer IV is absent" in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [("Hi\n=== user ===\nno facts", "do not reach"), ("word " * 700 + "\n=== user ===\n{{ facts | join('\n') }}", "words where")],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(_own(tmp_path, text))
