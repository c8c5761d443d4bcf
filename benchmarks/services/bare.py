"""A bare ASGI answer: the ceiling of uvicorn on this machine."""

BODY = b'{"order_number":"LBT2KY1GP7741K6","status":"accepted"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def app(scope, receive, send):  # noqa: ANN001, ANN201 - as small as ASGI can be
    """Read the body and answer."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 201, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
