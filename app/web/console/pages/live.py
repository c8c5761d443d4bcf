"""What keeps open pages fresh: the stream that says what has changed, the strip of all pages, and staying signed in."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.store.repositories.glance import Glance
from app.web.console.lookout import Entitled, Lookout
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import route

STREAM = {"x-accel-buffering": "no"}
"""nginx must hand on each event when it comes."""


class LivePage(ConsolePage):
    """No page of its own: what all pages ask for."""

    def __init__(self, frame: Frame, lookout: Lookout) -> None:
        super().__init__(frame)
        self._lookout = lookout

    @route("/live", name="live")
    async def live(self, request: Request) -> Response:
        """Say which regions have changed, for as long as the session lasts."""
        session = self.frame.gate.session_of(request)
        if session is None:
            return Response(status_code=401)
        user_id, epoch, began_at = session.user_id, session.epoch, session.began_at

        def entitled(glance: Glance) -> bool:
            return glance.people.get(user_id) == epoch and self.frame.gate.sessions.lasts(
                began_at, now=self.boat.clock.now()
            )

        return stream(self._lookout, entitled)

    @route("/strip", name="strip")
    async def strip(self, request: Request) -> Response:
        """Return the strip above all pages."""
        return self.render(request, "strip.html")

    @route("/stay", name="stay", methods=("POST",))
    async def stay(self, _request: Request) -> Response:
        """Count as a click, and do nothing else."""
        return Response(status_code=204)


def stream(lookout: Lookout, entitled: Entitled) -> Response:
    """Return a browser's stream, or that there are too many: then its page asks every few seconds."""
    if lookout.crowded:
        return Response(status_code=503, headers={"retry-after": "30"})
    return StreamingResponse(lookout.listen(entitled), media_type="text/event-stream", headers=STREAM)
