"""Reading what was stored, perhaps by another release, less strictly than what comes in."""

from collections.abc import Callable, Sequence
from functools import cache, wraps
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    PlainSerializer,
    WrapSerializer,
    create_model,
)
from pydantic.fields import FieldInfo


class Stored(BaseModel):
    """What is stored: of what may be asked for, the door is the judge. What is unknown is kept."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)


@cache
def lenient(model: type[BaseModel]) -> type[BaseModel]:
    """Return a model with the fields of ``model``, their types, names and defaults, written as they
    are there, but none of its other demands, and none of its methods."""
    fields: dict[str, Any] = {name: _stored(field) for name, field in model.model_fields.items()}
    made: type[BaseModel] = create_model(f"Stored{model.__name__}", __base__=Stored, **fields)
    return made


def _stored(field: FieldInfo) -> tuple[Any, Any]:
    facts: dict[str, Any] = {"alias": field.serialization_alias}
    if field.default_factory:
        facts["default_factory"] = _made_stored(field.default_factory)
    else:
        facts["default"] = _as_stored(field.default)
    return _written(_bare(field.annotation), field.metadata), Field(**facts)


def _bare(annotation: Any) -> Any:
    """Return a type without the demands on its values, at any depth."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _written(_bare(args[0]), args[1:])
    if origin in (Union, UnionType):
        return Union[tuple(_bare(arg) for arg in args)]  # noqa: UP007 made at run time
    if args and origin is not Literal:
        return origin[tuple(_bare(arg) for arg in args)]
    if annotation is EmailStr:
        return str
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return lenient(annotation)
    return annotation


def _written(bare: Any, facts: Sequence[Any]) -> Any:
    """Return a type with those of the facts that say how its values are written."""
    kept = [fact for fact in facts if isinstance(fact, PlainSerializer | WrapSerializer)]
    return Annotated[bare, *kept] if kept else bare


def _as_stored(value: Any) -> Any:
    """Return a default as it is read: else it would not be known as the default."""
    if isinstance(value, BaseModel):
        return lenient(type(value)).model_construct(
            **{name: _as_stored(part) for name, part in value}
        )
    if isinstance(value, dict):
        return {name: _as_stored(part) for name, part in value.items()}
    return type(value)(map(_as_stored, value)) if isinstance(value, list | tuple) else value


def _made_stored(factory: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(factory, (), ())  # its signature says whether it takes the fields before it
    def made(*before: Any) -> Any:
        return _as_stored(factory(*before))

    return made
