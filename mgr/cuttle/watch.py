"""Since when things are as they are, as seen from the manager.

Time passes here only while the manager reads: each reading adds what lies between it and the one before, though no more
than `most_a_reading`. So monitors that were away for ten minutes make no host silent, and clocks of hosts do not matter.
"""
from typing import Dict, Hashable, NamedTuple, Optional


class Age(NamedTuple):
    seconds: float
    is_exact: bool  # False: it is at least that; nothing has changed since the manager began to look


class _Seen(NamedTuple):
    mark: Optional[int]
    at: float
    is_exact: bool


class Watch:
    def __init__(self) -> None:
        self._now = 0.0
        self._last_reading: Optional[float] = None
        self._seen: Dict[str, _Seen] = {}
        self._since: Dict[Hashable, float] = {}
        self._still: Dict[Hashable, float] = {}

    def begin_reading(self, monotonic_s: float, most_a_reading_s: float) -> None:
        if self._last_reading is not None:
            self._now += max(0.0, min(monotonic_s - self._last_reading, most_a_reading_s))
        self._last_reading = monotonic_s
        self._still = {}

    def age(self, host: str, mark: Optional[int]) -> Age:
        """Since when the host's report is as it is. `mark`: of its report, None where it has none."""
        seen = self._seen.get(host)
        if seen is None or seen.mark != mark:
            seen = _Seen(mark, self._now, seen is not None)
            self._seen[host] = seen
        return Age(self._now - seen.at, seen.is_exact)

    def held(self, condition: Hashable) -> float:
        """The seconds that this condition has held, without a reading at which it did not."""
        began = self._since.get(condition, self._now)
        self._still[condition] = began
        return self._now - began

    def end_reading(self, hosts: Dict[str, object]) -> None:
        """Forgets conditions that did not hold at this reading, and hosts that are no longer there."""
        self._since = self._still
        self._seen = {host: seen for host, seen in self._seen.items() if host in hosts}
