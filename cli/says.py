"""The word that a signal says, read from ``key=value`` by the signal's JSON schema."""

import json
from collections.abc import Iterable
from typing import Any

from cli.models import Kind, Signal

_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


class NotSaid(Exception):
    """What was written is no word of the signal; the message says why, for a person."""


def signal_of(kind: Kind, name: str) -> Signal:
    """Return the kind's signal of this name. Raises NotSaid with all that there are."""
    for signal in kind.signals:
        if signal.name == name:
            return signal
    known = ", ".join(usage(signal) for signal in kind.signals) or "none"
    raise NotSaid(f"There is no signal {name} of {kind.nouns}. There are: {known}.")


def usage(signal: Signal) -> str:
    """Return how a signal is written: ``approval approved=BOOLEAN by=STRING``."""
    fields = _fields(signal)
    wanted = [f"{name}={_worded(schema, signal.says)}" for name, schema in fields.items()]
    needed = signal.says.get("required", [])
    shown = [w if name in needed else f"[{w}]" for name, w in zip(fields, wanted, strict=True)]
    return " ".join([signal.name, *shown])


def word_of(signal: Signal, said: Iterable[str]) -> dict[str, Any]:
    """Return the word that ``key=value`` texts make. Raises NotSaid; what the schema asks for
    beyond types is for the orchestrator to say."""
    word: dict[str, Any] = {}
    fields = _fields(signal)
    for text in said:
        name, equals, value = text.partition("=")
        if not equals:
            raise NotSaid(f"{text} is no key=value. Write: {usage(signal)}.")
        if name not in fields:
            raise NotSaid(f"{signal.name} has no {name}. Write: {usage(signal)}.")
        if name in word:
            raise NotSaid(f"{name} is given twice.")
        word[name] = _value(name, value, fields[name], signal.says)
    return word


def parsed(text: str) -> Any:
    """Return the value of JSON text. Raises ValueError, also for numbers that JSON has not."""
    value = json.loads(text)
    json.dumps(value, allow_nan=False)
    return value


def _fields(signal: Signal) -> dict[str, dict[str, Any]]:
    fields: dict[str, dict[str, Any]] = signal.says.get("properties", {})
    return fields


def _types(schema: dict[str, Any], within: dict[str, Any]) -> list[str]:
    """Return the JSON types that a schema allows; none when it allows all."""
    schema = _resolved(schema, within)
    for either in ("anyOf", "oneOf", "allOf"):
        if parts := schema.get(either):
            return list(dict.fromkeys(name for part in parts for name in _types(part, within)))
    if "type" in schema:
        names = schema["type"]
        return names if isinstance(names, list) else [names]
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return list(dict.fromkeys(_NAMES.get(type(value), "object") for value in values))


def _resolved(schema: dict[str, Any], within: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return within["$defs"][reference.rsplit("/", 1)[-1]] if reference else schema


def _value(name: str, text: str, schema: dict[str, Any], within: dict[str, Any]) -> Any:
    """Return the text as a value of a type that the schema allows; as a string if no other fits."""
    types = _types(schema, within)
    try:
        value = parsed(text.lower() if types == ["boolean"] else text)
    except ValueError:
        value = text
    fitting = {each for wanted in types for each in _TYPES.get(wanted, ())}
    if not types or type(value) in fitting:
        return value
    if "string" in types:
        return text
    raise NotSaid(f"{name}={text}: this is to be {_worded(schema, within)}.")


def _worded(schema: dict[str, Any], within: dict[str, Any]) -> str:
    """Return the values that there are to choose from, or what types a value may have."""
    if choices := _resolved(schema, within).get("enum"):
        return "|".join(map(str, choices))
    types = _types(schema, within)
    return "true|false" if types == ["boolean"] else "|".join(types).upper() or "JSON"
