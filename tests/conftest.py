"""What every test may use."""

pytest_plugins = ["pytester", "tests.servers.fixtures", "tests.skip_gate"]
