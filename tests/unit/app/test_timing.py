"""When an account posts: its own rules where it has them, else those of [schedule]."""

from __future__ import annotations

from datetime import timedelta

from postguard.app.installation import Installation
from postguard.model import Late

OWN = """\
[schedule]
max_late = "5h"
slots = ["19:30"]
[accounts.sky]
grace = "7m"
max_late = "1h"
if_later = "hold"
spacing = "2h"
jitter = "15m"
slots = ["sat 10:00"]
"""


def test_a_page_on_this_pc_waits_for_no_second_thoughts_unless_it_is_told_to(
    installation: Installation,
) -> None:
    """Who tries postguard with a preview account waited two minutes for nothing."""
    text = installation.path.read_text()
    assert installation.settings.accounts["fedi"].network == "preview"
    assert installation.settings.schedule.grace == timedelta(minutes=2)
    assert installation.timing("fedi").grace == timedelta(0)
    installation.path.write_text(
        text.replace("[accounts.fedi]\n", '[accounts.fedi]\ngrace = "9s"\n')
    )
    installation.reload()
    assert installation.timing("fedi").grace == timedelta(seconds=9)
    assert installation.timing("not in the config").grace == timedelta(minutes=2)


def test_an_account_goes_by_its_own_rules_and_else_by_those_of_all(
    installation: Installation,
) -> None:
    text = installation.path.read_text()
    installation.path.write_text(text.replace("[accounts.sky]\n", OWN))
    installation.reload()
    own, other = installation.timing("sky"), installation.timing("fedi")
    hours = timedelta(hours=1)
    assert (own.grace, own.max_late, own.if_later) == (7 * hours / 60, hours, Late.HOLD)
    assert (own.spacing, own.jitter) == (2 * hours, hours / 4)
    assert [slot.rule for slot in own.rules] == ["sat 10:00"]
    assert (other.max_late, other.if_later, other.spacing) == (
        5 * hours,
        Late.NEXT_SLOT,
        0 * hours,
    )
    assert [slot.rule for slot in other.rules] == ["19:30"]
    gone = installation.timing("an account that the config has no longer")
    assert (gone.max_late, gone.spacing) == (5 * hours, 0 * hours)
