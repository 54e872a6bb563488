"""Messages on a phone, through whatever service the artist uses; needs the extra `push`.

Its address is a secret: who has it can write to the artist. The library's own log shows parts of
it, so it is silenced, and nothing that it says is passed on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from postguard.errors import Unusable
from postguard.language import _
from postguard.model.news import Message
from postguard.system import extras

if TYPE_CHECKING:
    import apprise

SECRET = "push-address"  # noqa: S105  # its name among the secrets
_LONGEST = 500  # characters; more is cut by phones anyway


class Phone:
    """A `ports.Notifier`: one address of apprise (ntfy://…, matrixs://…, mailto://…).

    Args:
        address: returns it; None: there is none.
    """

    name = "phone"

    def __init__(self, address: Callable[[], str | None]) -> None:
        self._address = address

    def tell(self, message: Message) -> None:
        """Send a message. Raises Unusable where the service does not take it."""
        address = self._address()
        if address is None:
            raise Unusable(_("no phone is known yet: postguard notify phone"))
        logging.getLogger("apprise").disabled = True
        service = _service(address)
        text = message.text[:_LONGEST]
        if not service.notify(title=message.title, body=text):
            raise Unusable(_("the service for messages on your phone did not take it"))


def refuse_unknown(address: str) -> None:
    """Raise Unusable for an address that no service has; the address is not repeated."""
    logging.getLogger("apprise").disabled = True
    _service(address)


def _service(address: str) -> apprise.Apprise:
    try:
        import apprise
    except ImportError:
        raise Unusable(
            _("messages on a phone need an extra: {command}").format(
                command=extras.install("push")
            )
        ) from None
    if not apprise.Apprise.instantiate(address, suppress_exceptions=True):
        raise Unusable(
            _(
                "this is no address of a service that postguard can write to; examples are "
                "ntfy://ntfy.sh/your-topic and matrixs://… (see github.com/caronc/apprise)"
            )
        )
    service = apprise.Apprise()
    service.add(address)
    return service
