"""Reading what was stored, perhaps by another release, less strictly than what comes in."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, EmailStr, Field, create_model


class Stored(BaseModel):
    """What is stored: of what may be asked for, the door is the judge. What is unknown is kept."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)


@cache
def lenient(model: type[BaseModel]) -> type[BaseModel]:
    """Return a model with the fields of ``model``, their types, names and defaults, but none of
    its other demands."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        fact: dict[str, Any] = {"alias": field.alias}
        if field.default_factory:
            fact["default_factory"] = field.default_factory
        else:
            fact["default"] = field.default
        fields[name] = (_bare(field.annotation), Field(**fact))
    made: type[BaseModel] = create_model(f"Stored{model.__name__}", __base__=Stored, **fields)
    return made


def _bare(annotation: Any) -> Any:
    """Return a type without the demands on its values, at any depth."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bare(args[0])
    if origin in (Union, UnionType):
        return Union[tuple(_bare(arg) for arg in args)]  # noqa: UP007 made at run time
    if origin in (list, dict, tuple):
        return origin[tuple(_bare(arg) for arg in args)]
    if annotation is EmailStr:
        return str
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return lenient(annotation)
    return annotation
