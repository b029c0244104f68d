"""From a general notice to a mail, by the templates of the system that this service is part of."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.exceptions import UndefinedError
from pydantic import HttpUrl, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from base.errors import Refusal
from base.wire import Money
from services.notification.mail import Mail, money
from services.notification.models import OF_TRIPS, Notice

T = TypeVar("T")

_HTML, _TEXT = ".html.j2", ".txt.j2"
_SUBJECT = "Subject: "
_LONGEST_SUBJECT = 200  # characters; a mail server may refuse a line of a thousand


class NoticeSettings(BaseSettings):
    """``MAIL_TEMPLATES``: the Python package whose folder ``mails`` has the system's templates."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    mail_templates: str = ""

    @property
    def folder(self) -> Path | None:
        """Where the templates are. Raises ModuleNotFoundError."""
        return Path(str(files(self.mail_templates) / "mails")) if self.mail_templates else None


class Notices:
    """The mails of a system. Each has two templates: ``<name>.html.j2`` and ``<name>.txt.j2``,
    which begins with the line ``Subject: …``."""

    def __init__(self, folder: Path | None) -> None:
        """Read the templates. Raises ValueError for a folder with which no mail could be written,
        and TemplateSyntaxError."""
        self._templates = _environment(folder)
        self._names = _names(folder) if folder else []
        for name in self._names:
            for part in (_HTML, _TEXT):
                self._templates.get_template(name + part)

    def compose(self, wanted: Notice) -> Mail:
        """Return the mail for a notice. Refuses ``unknown_template``, ``missing_fact`` and
        ``invalid_fact``, one with which the template can do nothing."""
        if wanted.template not in self._names:
            there = ", ".join(self._names) or "none"
            detail = f"There is no template {wanted.template}. There are: {there}."
            raise Refusal("unknown_template", detail)
        subject, text = _divided(self._rendered(wanted, _TEXT))
        html = self._rendered(wanted, _HTML)
        return Mail(to=str(wanted.to), subject=subject, html=html, text=text)

    def _rendered(self, wanted: Notice, part: str) -> str:
        try:
            return self._templates.get_template(wanted.template + part).render(wanted.facts)
        except UndefinedError as fault:
            detail = f"{wanted.template} needs the fact {fault.message}."
            raise Refusal("missing_fact", detail) from fault
        except (TypeError, ValueError) as fault:
            detail = f"{wanted.template} cannot tell a fact: {fault}."
            raise Refusal("invalid_fact", detail) from fault


class _Missing(StrictUndefined):
    """A fact that is not there. Whatever is done with it raises UndefinedError with its name."""

    @property
    def _undefined_message(self) -> str:
        return self._undefined_hint or str(self._undefined_name)


def _environment(folder: Path | None) -> Environment:
    templates = Environment(
        loader=FileSystemLoader(folder or []),
        autoescape=select_autoescape(["html.j2"]),
        undefined=_Missing,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    templates.filters["money"] = _filter(TypeAdapter(Money), "money", money)
    templates.filters["link"] = _filter(TypeAdapter(HttpUrl), "link", str)
    return templates


def _filter(kind: TypeAdapter[T], noun: str, write: Callable[[T], str]) -> Callable[[object], str]:
    def written(fact: object) -> str:
        if isinstance(fact, _Missing):
            return str(fact)  # raises
        try:
            return write(kind.validate_python(fact))
        except ValidationError as fault:
            raise ValueError(f"{str(fact)[:80]} is no {noun}") from fault

    return written


def _names(folder: Path) -> list[str]:
    """Return the names of the templates in the folder, each of which has both its parts."""
    names = {part: _with_ending(folder, part) for part in (_HTML, _TEXT)}
    if not names[_TEXT]:
        raise ValueError(f"There are no mail templates in {folder}.")
    if lonely := names[_HTML] ^ names[_TEXT]:
        raise ValueError(f"Mail templates with only one part: {sorted(lonely)}.")
    if taken := names[_TEXT].intersection(OF_TRIPS):
        raise ValueError(f"Mail templates with a name of those of trips: {sorted(taken)}.")
    for name in names[_TEXT]:
        if not (folder / f"{name}{_TEXT}").read_text(encoding="utf-8").startswith(_SUBJECT):
            raise ValueError(f"{name}{_TEXT} does not begin with {_SUBJECT!r}.")
    return sorted(names[_TEXT])


def _with_ending(folder: Path, part: str) -> set[str]:
    return {path.name.removesuffix(part) for path in folder.glob(f"*{part}")}


def _divided(text: str) -> tuple[str, str]:
    """Return the subject, which is the first line, and the text after it."""
    first = text.splitlines()[0]
    return first.removeprefix(_SUBJECT).strip()[:_LONGEST_SUBJECT], text[len(first) :].lstrip("\n")
