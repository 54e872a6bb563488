"""Messages on this desktop, over the session bus; needs the extra `notify`."""

from __future__ import annotations

import asyncio
import logging

from postguard.errors import Unusable
from postguard.language import _
from postguard.model.news import Message
from postguard.system import extras

_SECONDS = 10.0
_LOGGER = "desktop_notifier"
# Some desktops read a message as markup, others show it as it is.
_NO_MARKUP = str.maketrans({"<": "＜", ">": "＞", "&": "＆"})


class Desktop:
    """A `ports.Notifier`: whatever shows notifications in the artist's session."""

    name = "desktop"

    def tell(self, message: Message) -> None:
        """Show a message. Raises Unusable where nobody shows it."""
        failures = _Failures()
        logger = logging.getLogger(_LOGGER)
        logger.handlers[:], logger.propagate = [failures], False
        try:
            asyncio.run(asyncio.wait_for(_send(message), _SECONDS))
        except TimeoutError:
            raise Unusable(_("the desktop does not answer")) from None
        if failures.seen:
            raise Unusable(_("no desktop shows messages now ({why})").format(why=failures.seen))


async def _send(message: Message) -> None:
    try:
        from desktop_notifier import DesktopNotifier
    except ImportError:
        raise Unusable(
            _("messages on the desktop need an extra: {command}").format(
                command=extras.install("notify")
            )
        ) from None
    text = message.text.translate(_NO_MARKUP)
    notifier = DesktopNotifier(app_name="postguard")
    await notifier.send(title=message.title, message=text)
    # It would stay connected, to hear of clicks, for as long as it is not collected.
    if (bus := getattr(notifier._backend, "bus", None)) is not None:
        bus.disconnect()


class _Failures(logging.Handler):
    """The library does not raise what went wrong: it only logs it."""

    seen = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the kind of fault; its words are for programmers."""
        kind = record.exc_info[0] if record.exc_info else None
        if record.levelno >= logging.WARNING:
            self.seen = record.levelname.lower() if kind is None else kind.__name__
