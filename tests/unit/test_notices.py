"""A system's own mails: templates in a folder, and what they do with facts."""

from pathlib import Path
from typing import Any

import pytest
from jinja2.exceptions import TemplateSyntaxError

from base.errors import Refusal
from services.notification.models import Notice
from services.notification.notices import Notices, NoticeSettings

HTML = (
    '<p>{{ what }}, {{ price | money }}</p>{% for p in at | default([]) %}<a href="{{ p | link }}">'
)
HTML += "{{ p.name }}{% endfor %}"
TEXT = "Subject: {{ what }} has come\nDear customer,\n\n{{ what }} costs {{ price | money }}.\n"
FACTS: dict[str, Any] = {"what": "Tea <green>", "price": {"amount": 450, "currency": "EUR"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one mail, ``come``."""
    return with_mail(tmp_path, "come", HTML, TEXT)


def with_mail(folder: Path, name: str, html: str, text: str) -> Path:
    (folder / f"{name}.html.j2").write_text(html)
    (folder / f"{name}.txt.j2").write_text(text)
    return folder


def notice(facts: dict[str, Any], template: str = "come") -> Notice:
    asked = {"template": template, "to": "alice@example.com", "facts": facts}
    return Notice.model_validate(asked)


def refused(folder: Path | None, wanted: Notice) -> tuple[str, str]:
    with pytest.raises(Refusal) as refusal:
        Notices(folder).compose(wanted)
    return refusal.value.reason, refusal.value.detail


def test_the_first_line_is_the_subject_and_the_rest_is_the_text(folder: Path) -> None:
    mail = Notices(folder).compose(notice(FACTS))
    assert mail.to == "alice@example.com"
    assert mail.subject == "Tea <green> has come"
    assert mail.text == "Dear customer,\n\nTea <green> costs 4.50 EUR.\n"
    assert mail.html == "<p>Tea &lt;green&gt;, 4.50 EUR</p>"


def test_a_subject_is_not_too_long_for_a_mail_server(folder: Path) -> None:
    mail = Notices(folder).compose(notice(FACTS | {"what": "x" * 1_000}))
    assert mail.subject == "x" * 200
    assert "x" * 1_000 in mail.text


def test_a_fact_is_no_template(folder: Path) -> None:
    assert Notices(folder).compose(notice(FACTS | {"what": "{{ 6 * 7 }}"})).subject == (
        "{{ 6 * 7 }} has come"
    )


def test_an_unknown_template_is_answered_with_those_there_are(folder: Path) -> None:
    with_mail(folder, "gone", HTML, TEXT)
    reason, detail = refused(folder, notice(FACTS, "went"))
    assert reason == "unknown_template"
    assert "went" in detail
    assert "come, gone" in detail


@pytest.mark.parametrize("template", ["../come", "come.html.j2", "", "/etc/passwd"])
def test_a_template_outside_the_folder_is_unknown(folder: Path, template: str) -> None:
    inside = folder / "inside"
    inside.mkdir()
    with_mail(inside, "other", HTML, TEXT)
    wanted = Notice.model_construct(template=template, to="a@example.com", facts=FACTS)
    assert refused(inside, wanted)[0] == "unknown_template"


def test_a_system_without_templates_has_none() -> None:
    assert refused(None, notice(FACTS)) == (
        "unknown_template",
        "There is no template come. There are: none.",
    )


@pytest.mark.parametrize("missing", ["what", "price"])
def test_a_missing_fact_is_named(folder: Path, missing: str) -> None:
    facts = {name: fact for name, fact in FACTS.items() if name != missing}
    assert refused(folder, notice(facts)) == ("missing_fact", f"come needs the fact {missing}.")


def test_a_missing_part_of_a_fact_is_named(folder: Path) -> None:
    with_mail(folder, "parts", "{% for p in parts %}{{ p.number }}{% endfor %}", "Subject: x\n")
    reason, detail = refused(folder, notice({"parts": [{"number": 1}, {}]}, "parts"))
    assert (reason, detail) == ("missing_fact", "parts needs the fact number.")


@pytest.mark.parametrize(
    "fact",
    [
        {"price": None},
        {"price": 4.5},
        {"price": {"amount": 1.5, "currency": "EUR"}},
        {"price": {"amount": 1, "currency": "EUR", "of": "more"}},
        {"at": 5},
        {"at": ["javascript:alert(1)"]},
        {"at": ["nowhere"]},
    ],
    ids=str,
)
def test_a_fact_with_which_nothing_can_be_done_is_refused(folder: Path, fact: Any) -> None:
    reason, detail = refused(folder, notice(FACTS | fact))
    assert reason == "invalid_fact"
    assert detail.startswith("come cannot tell a fact: ")


def test_the_settings_name_the_package_of_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_TEMPLATES", "systems.orders")
    told = NoticeSettings().folder
    assert told is not None
    assert (told / "order_refunded.txt.j2").is_file()
    monkeypatch.setenv("MAIL_TEMPLATES", "")
    assert NoticeSettings().folder is None


def test_a_folder_without_templates_is_noticed_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no mail templates in"):
        Notices(tmp_path / "misspelt")


def test_a_mail_with_one_part_is_noticed_at_the_start(folder: Path) -> None:
    (folder / "half.html.j2").write_text(HTML)
    with pytest.raises(ValueError, match=r"only one part: \['half'\]"):
        Notices(folder)


def test_a_mail_without_subject_is_noticed_at_the_start(folder: Path) -> None:
    with_mail(folder, "dumb", HTML, "Dear customer,\n")
    with pytest.raises(ValueError, match=r"dumb\.txt\.j2 does not begin with 'Subject: '"):
        Notices(folder)


def test_a_template_with_a_mistake_is_noticed_at_the_start(folder: Path) -> None:
    with_mail(folder, "wrong", "{% if %}", TEXT)
    with pytest.raises(TemplateSyntaxError):
        Notices(folder)


def test_no_template_hides_behind_one_of_trips(folder: Path) -> None:
    with_mail(folder, "refusal", HTML, TEXT)
    with pytest.raises(ValueError, match=r"those of trips: \['refusal'\]"):
        Notices(folder)
