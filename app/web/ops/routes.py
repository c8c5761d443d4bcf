"""What operators' programs ask: ``/livez``, ``/readyz`` and ``/metrics``."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from app.web.parts import TheParts

router = APIRouter(tags=["运行状态"])


@router.get("/livez", summary="进程存活", response_class=PlainTextResponse)
async def livez() -> Response:
    """Answer as long as the event loop turns; asks nobody."""
    return PlainTextResponse("ok")


@router.get("/readyz", summary="是否能受理订单", responses={503: {"description": "不能受理"}})
async def readyz(parts: TheParts, verbose: str | None = None) -> Response:
    """Answer 200 while orders are accepted, be it into the spool; 503 when shutting down or with nowhere to write."""
    document = await parts.health.document()
    if verbose is None:
        document = {key: document[key] for key in ("status", "degraded")}
    return JSONResponse(document, status_code=503 if document["status"] == "fail" else 200)


@router.get("/metrics", include_in_schema=False)
async def metrics(parts: TheParts) -> Response:
    """Answer Prometheus: the door's own figures, and those of the store."""
    await parts.store_metrics.refresh()
    return Response(parts.boat.metrics.page(), media_type=CONTENT_TYPE_LATEST)
