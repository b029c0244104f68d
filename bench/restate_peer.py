"""The trip on Restate: a workflow with one durable step for each row.

The trip id is the workflow's key, so a request that is repeated gets the same trip. Restate's
server takes the requests and calls this app.
"""

from datetime import timedelta

import restate

from bench import trip

trips = restate.Workflow("Trips")

_step = restate.RunOptions[trip.Row](
    max_attempts=4, initial_retry_interval=timedelta(milliseconds=200)
)
_undo = restate.RunOptions[trip.Row](max_duration=timedelta(minutes=7))


@trips.main()
async def book(ctx: restate.WorkflowContext, order: trip.Order) -> trip.Row:
    """Book the whole trip, or undo what was done."""
    trip_id, undo = ctx.key(), []
    try:
        offers = trip.done(await ctx.run_typed("search", trip.search, _step, order))
        undo.append(("cancel", trip.cancel))
        held = trip.done(await ctx.run_typed("hold", trip.hold, _step, trip_id, order, offers))
        undo.append(("refund", trip.refund))
        trip.done(await ctx.run_typed("charge", trip.charge, _step, trip_id, order, held))
        booked = trip.done(await ctx.run_typed("confirm", trip.confirm, _step, trip_id))
    except (trip.Refused, restate.TerminalError) as why:
        for name, step in reversed(undo):
            await ctx.run_typed(name, step, _undo, trip_id)
        return trip.called_off(trip_id, why)
    await ctx.run_typed("send", trip.send, _undo, trip_id, order, booked)
    return trip.confirmed(trip_id, booked)


app = restate.app(services=[trips])
