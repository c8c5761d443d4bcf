"""JSON bodies of routes for programs: read once the caller is known, by the door's reader, and documented.

The framework parses a body before it asks who sends it: a stranger's ``{`` was answered as a fault of form, and read
without a limit.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from app.domain import problems as p
from app.intake.field_errors import NOT_BLANK, field_error
from app.web.callers import scoped
from app.web.parts import TheDoor

M = TypeVar("M", bound=BaseModel)

DOCUMENTED: dict[str, type[BaseModel]] = {}
"""The models of these bodies by name, for the OpenAPI document: the framework does not find them by itself."""


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number; to JSON 60.0 is one, while a text is none."""

Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=NOT_BLANK, examples=["电话核实"])]
"""Why a person does something."""


def documents(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """Return the ``openapi_extra`` of a route whose body is a model."""
    DOCUMENTED[model.__name__] = model
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def reads(model: type[M], *, scope: str = "ops", strict: bool = True) -> Callable[..., Coroutine[Any, Any, M]]:
    """Return a dependency that reads a model from the body of a caller of that scope; no body is an empty object.

    One that says what an order says is not read strictly: the door does not read orders so.

    Raises:
        Unauthenticated, Forbidden: nobody who may do this sends it; its body is not looked at.
        Malformed: it is no JSON.
        InvalidOrder: it lacks something, or has it in another form.
        TooLarge, TooSlow: see the reader.
    """

    async def read(request: Request, door: TheDoor, _who: Annotated[object, Depends(scoped(scope))]) -> M:
        body = await door.bodies.read(dict(request.scope["headers"]), request.receive)
        try:
            return model.model_validate_json(body or b"{}", strict=strict or None)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
            if details[0]["type"] == "json_invalid":
                raise p.Malformed from None
            errors = [field_error(one) for one in details]
            raise p.InvalidOrder("请求内容有误，请按 errors 逐项修改。", errors=errors) from None

    return read


REFUSALS = (p.Malformed, p.Unauthenticated, p.Forbidden, p.TooLarge, p.TooSlow, p.InvalidOrder)
"""What a route with such a body may answer for it."""
