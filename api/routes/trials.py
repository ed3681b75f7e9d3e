"""A study's trials and events over HTTP."""

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request, Response

from api import capacity, paging
from api.answers import show
from api.dependencies import CallerDep, ContextDep, StudyId, TenantDep
from api.documents import EVENTS
from api.errors import RefusedError
from api.events import EventStream
from api.negotiation import prefers
from api.views.base import ListView
from api.views.trials import EventsView, TracedView, TrialView
from automl.core.catalog import TrialState
from automl.core.errors import Detail, InvalidInput, NotFound
from automl.core.ports import TrialSort
from automl.service import studies, trials

router = APIRouter(prefix="/v1/studies/{study_id}", tags=["studies"])

MAX_NUMBER = 2**31 - 1
MAX_SEQ = 2**53
MAX_POINTS = 100_000

Sort = Annotated[TrialSort, Query(description="`value`: the best first, those without one last.")]
State = Annotated[TrialState | None, Query(description="Only trials of this state.")]
Points = Annotated[int, Query(ge=1, description="At most so many points of the curve.")]
After = Annotated[int, Query(ge=0, le=MAX_SEQ, description="The last event that you have.")]
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID")]


@router.get("/trials", response_model=ListView[TrialView])
def list_trials(
    *,
    context: ContextDep,
    tenant: TenantDep,
    study_id: StudyId,
    sort: Sort = "number",
    state: State = None,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    cursor: paging.CursorText = None,
) -> Response:
    """Show the leaderboard."""
    limit = paging.clamp(limit)
    scope = f"trials/{study_id}?{sort}&{state or ''}"
    after = paging.read_place(scope, cursor)
    found = trials.page(
        context.store, tenant, study_id, sort=sort, state=state, after=after, limit=limit + 1
    )
    page, more = paging.split(found, limit)
    following = paging.write(scope, trials.place(page[-1], sort)) if more else None
    items = [TrialView.of(trial) for trial in page]
    return show(ListView[TrialView](items=items, next_cursor=following))


@router.get("/trials/{number}", response_model=TracedView)
def get_trial(
    *,
    context: ContextDep,
    tenant: TenantDep,
    study_id: StudyId,
    number: str,
    max_points: Points = MAX_POINTS,
) -> Response:
    """Show one trial with its curve."""
    if not (number.isascii() and number.isdecimal() and len(number) <= 10):
        raise NotFound
    if int(number) > MAX_NUMBER:
        raise NotFound
    found = trials.get(context.store, tenant, study_id, int(number), max_points=max_points)
    return show(TracedView.of_traced(found))


@router.get("/events", response_model=EventsView, responses=EVENTS)
async def get_events(
    *,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    study_id: StudyId,
    after: After = 0,
    limit: paging.Limit = paging.DEFAULT_LIMIT,
    last_event_id: LastEventId = None,
) -> Response:
    """Show the gapless log: as JSON, or with `Accept: text/event-stream` as a resumable stream."""
    if prefers(request, "text/event-stream", over="application/json"):
        seen = _seen(last_event_id, after)
        study = await to_thread.run_sync(studies.get, context.store, caller.tenant, study_id)
        if context.tailer.watchers >= capacity.streams():
            raise RefusedError(
                503,
                "TOO_MANY_STREAMS",
                "As many event streams are open as the service can hold; try again in a moment.",
                headers={"Connection": "close"},
            )
        frames = context.tailer.stream(study_id, after=seen, last_seq=study.last_seq)
        return EventStream(frames, welcome=partial(context.access.still, caller))

    def read() -> studies.Page:
        return studies.events(
            context.store, caller.tenant, study_id, after=after, limit=paging.clamp(limit)
        )

    return show(EventsView.of(await to_thread.run_sync(read)))


def _seen(last_event_id: str | None, after: int) -> int:
    """Return the number of the last event that a stream's client has.

    An empty id is none: a client may send one where no event had an id yet.

    Raises:
        InvalidInput: the id is no event's.

    Reference: WHATWG, HTML, 9.2 Server-sent events.
    """
    if not last_event_id:
        return after
    digits = last_event_id.isascii() and last_event_id.isdecimal()
    if not digits or len(last_event_id) > len(str(MAX_SEQ)) or int(last_event_id) > MAX_SEQ:
        message = f"must be the id of an event, a whole number from 0 to {MAX_SEQ}, or left out"
        name = "Last-Event-ID"
        raise InvalidInput(f"{name}: {message}", errors=(Detail(message, field=name),))
    return int(last_event_id)
