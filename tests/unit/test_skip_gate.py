"""A skip fails the run in CI unless it is allowed by name and with a reason."""

import pytest

SKIPPING = """
    import pytest

    def test_runs():
        pass

    @pytest.mark.parametrize("n", [1, 2])
    def test_skips(n):
        pytest.skip("no such server here")

    @pytest.mark.xfail(strict=True)
    def test_known_fault():
        assert not True
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run the skipping tests with the gate, in CI or not, with these lines in allowed_skips."""

    def go(allowed="", *, ci="true", source=SKIPPING):
        monkeypatch.setenv("CI", ci)
        pytester.makepyfile(test_it=source)
        (pytester.mkdir("tests") / "allowed_skips").write_text(allowed)
        return pytester.runpytest_inprocess("-p", "tests.skip_gate")

    return go


def test_a_skip_in_ci_fails_the_run_and_is_named(run):
    result = run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*skipped in CI*", "test_it.py::test_skips?1?:*no such server*"])
    assert "passed" in result.outlines[-1], "pytest's closing line stays the last"


def test_elsewhere_a_skip_is_only_told(run):
    assert run(ci="").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    "allowed",
    [
        "test_it.py::test_skips* the server is not free software\n",
        "# why\n\ntest_it.py::test_skips[1] one reason\ntest_it.py::test_skips[2]  another\n",
    ],
)
def test_an_allowed_skip_passes(run, allowed):
    assert run(allowed).ret == pytest.ExitCode.OK


def test_an_allowance_for_one_does_not_cover_another(run):
    result = run("test_it.py::test_skips[1] only this\n")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "test_skips[1]:" not in result.stdout.str()


def test_an_allowance_without_a_reason_is_refused(run):
    result = run("test_it.py::test_skips*\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*allowed_skips:1: *has no reason*"])


def test_a_whole_module_that_is_skipped_counts_too(run):
    source = "import pytest\npytest.skip('not here', allow_module_level=True)\n"
    result = run(source=source)
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["test_it.py:*not here*"])


def test_a_failing_run_stays_failing(run):
    assert run(source="def test_fails():\n    assert False\n").ret == pytest.ExitCode.TESTS_FAILED
