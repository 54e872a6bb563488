"""Search, as far as clients need it to find a status by its address."""

from tests.servers.mastodon.state import State
from tests.servers.mastodon.statuses import visible_to
from tests.servers.mastodon.views import status_view
from tests.servers.mastodon.wire import Answer, Request


def search(state: State, request: Request) -> Answer:
    """The status with this address, one of another server only where it may be fetched."""
    query = str(request.query.get("q") or "")
    found = [
        view
        for status in state.statuses.values()
        if visible_to(status, request.account)
        and query in ((view := status_view(state, status, request.account))["uri"], view["url"])
    ]
    if request.query.get("resolve"):
        found += [
            status_view(state, state.statuses[identity], request.account) | {"url": address}
            for address, identity in state.elsewhere.items()
            if address == query
        ]
    return Answer({"accounts": [], "statuses": found, "hashtags": [], "collections": []})
