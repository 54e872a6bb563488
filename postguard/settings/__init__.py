"""The config: what an artist writes in `config.toml`, as one frozen object.

`load` is the only reader. `schema` says which keys may stand in the file and `values` what they
may hold, `recipes` what may stand in a recipe; `faults` says what is wrong in words, `toml` what
is no TOML, `lines` finds the line that it is on.
"""

from postguard.settings.load import Settings, default_path, load

__all__ = ["Settings", "default_path", "load"]
