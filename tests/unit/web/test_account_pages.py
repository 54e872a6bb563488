"""What the pages of accounts answer to what was typed there."""

from tests.unit.web.conftest import Served


def test_a_change_that_was_not_offered_is_not_the_codes_fault(browser: Served):
    """There may be no field for a code at all."""
    answer = browser.ask("POST", "/accounts/sky/fix", {"finding": "bsky.loggedout", "key": ""})
    assert answer.status == 422
    assert "was not offered" in answer.text
    assert "data-at" not in answer.text
