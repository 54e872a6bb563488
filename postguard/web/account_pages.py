"""The page of the accounts: one thin function for each address."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from postguard.web import receiving, rendering
from postguard.web.access import Access
from postguard.web.frame import Frame, about


@dataclass(frozen=True, slots=True)
class AccountPages:
    """The addresses of accounts."""

    frame: Frame

    async def all(self, request: Request) -> Response:
        """Show the accounts."""
        found = self.frame.desk.surroundings.accounts
        return await run_in_threadpool(lambda: self.frame.page("accounts", accounts=found()))

    async def ask(self, request: Request) -> Response:
        """Lead to the server's page where posting is allowed."""
        name = _name(request)
        address = await run_in_threadpool(self._access.ask, name)
        return rendering.page("consent.html.j2", account=name, address=address)

    async def login(self, request: Request) -> Response:
        """Log an account in."""
        name, said = _name(request), await receiving.form(request)
        secret = said.get("secret", "").strip()
        with about("secret"):
            return await self.frame.wish(lambda: self._access.log_in(name, secret))

    async def audit(self, request: Request) -> Response:
        """Look at an account's own settings now."""
        name = _name(request)
        return await self.frame.wish(lambda: self._access.audit(name))

    async def offer(self, request: Request) -> Response:
        """Show what would be changed to mend a finding."""
        name, said = _name(request), await receiving.form(request)
        offered = await run_in_threadpool(self._access.offer, name, said.get("finding", ""))
        return rendering.page("offered.html.j2", offered=offered)

    async def fix(self, request: Request) -> Response:
        """Change what was offered."""
        name, said = _name(request), await receiving.form(request)
        finding, key = said.get("finding", ""), said.get("key", "")
        code = said.get("code", "").strip()
        return await self.frame.wish(lambda: self._access.fix(name, finding, key, code))

    @property
    def _access(self) -> Access:
        return self.frame.desk.access


def _name(request: Request) -> str:
    return str(request.path_params["account"])
