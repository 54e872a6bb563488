"""How long a step still takes, judged by how fast it went. Pure: the time comes as an argument."""

from __future__ import annotations

from dataclasses import dataclass

# Of a step; what was heard so much earlier weighs half. A step has faster and slower parts, and
# counted in seconds a slow one would soon hang on its last reading alone.
_HALF = 0.2
_ENOUGH = 0.5  # seconds of work that must have been seen before anything is said


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was heard of one step so far.

    It counts from the first fraction that was heard, not from the step's beginning: an engine that
    loads its models first would look slow for a long while.

    Attributes:
        fraction: the last one heard, in [0, 1]; None: nothing was heard yet.
        seconds: when, since the step began.
        took: seconds of work seen, the older ones weighing less.
        done: what was done in them, as a fraction of the step.
    """

    fraction: float | None = None
    seconds: float = 0.0
    took: float = 0.0
    done: float = 0.0

    def after(self, fraction: float, seconds: float) -> Estimate:
        """Return the estimate when `fraction` is heard `seconds` after the step began.

        A fraction that falls begins anew: the engine does the step again, in less memory.
        """
        if self.fraction is None or fraction < self.fraction:
            return Estimate(fraction, seconds)
        passed = max(seconds - self.seconds, 0.0)
        done = fraction - self.fraction
        weight = 0.5 ** (done / _HALF)
        return Estimate(
            fraction=fraction,
            seconds=self.seconds + passed,
            took=self.took * weight + passed,
            done=self.done * weight + done,
        )

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the step is done; None while too little is known."""
        if self.fraction is not None and self.fraction >= 1:
            return 0.0
        if self.fraction is None or self.took < _ENOUGH or self.done <= 0:
            return None
        return (1 - self.fraction) * self.took / self.done
