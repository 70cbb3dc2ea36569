"""What hosts keep in the monitors' config-key store below cuttle/, as values.

Whoever has a host's keyring writes that host's entries, so nothing in them is believed: whatever is not as it should be
makes one line that names the entry (Bad), and the entries of other hosts do not notice.

    cuttle/state/HOST    how HOST finds its links, written by HOST every few seconds
    cuttle/peer/HOST     HOST's entry in the mesh; with "left", it took itself out
    cuttle/revoked/HOST  an administrator took it out
"""
import json
import math
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

STATE = "cuttle/state/"
PEER = "cuttle/peer/"
REVOKED = "cuttle/revoked/"
PREFIX = "cuttle/"
VERSION = 1  # of both kinds of entries

MOST_PROBLEMS = 32  # of one host; the rest would be noise
MOST_TEXT = 200  # characters of what a host says

# In place of a value that is no printable ASCII text the monitor sends this and the length (`config-key dump`).
BINARY = "<<< binary blob of length "

HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\Z")
WORD = re.compile(r"[a-z][a-z ]{0,30}\Z")
CODE = re.compile(r"CUTTLE_[A-Z_]{1,40}\Z")
# What an operator is told to run. A host with a stolen keyring could write anything here, so: what looks, and what makes
# a host believed that waits for it, which is the one that the problem is about. Nothing that opens.
FIXES = ("cuttle status", "cuttle check", "cuttle mesh status")
FIXES_ABOUT = ("cuttle mesh accept %s", "cuttle mesh sign %s")

HIDINGS = ("hidden", "tells behind fast ports", "tells")  # as in `cuttle status`, from the best on

IN, LEFT, REVOKED_WORD, NO_ENTRY = "in", "left", "revoked", "no entry"


class Bad(NamedTuple):
    """An entry that cannot be used."""

    key: str
    why: str
    what_to_do: str


class Link(NamedTuple):
    peer: str
    state: str  # "up", "connecting", "quiet", "failed", ...
    is_open: bool  # traffic passes beside it
    hiding: Optional[str]  # one of HIDINGS; None: not known yet
    late_p99_us: float


class Problem(NamedTuple):
    code: str
    host: str  # whom it is about; may be empty
    text: str
    fix: str  # may be empty


class Report(NamedTuple):
    """One host's cuttle/state/HOST."""

    host: str
    agent: str  # "running", "stopped"
    links: Tuple[Link, ...]
    problems: Tuple[Problem, ...]
    mark: int  # differs when the host has written anew


class Store(NamedTuple):
    """All of it. `members` has every host with an entry of whichever kind, by IN, LEFT or REVOKED_WORD."""

    reports: Dict[str, Report]
    members: Dict[str, str]
    bad: List[Bad]


class BadEntry(ValueError):
    pass


class LaterVersion(BadEntry):
    pass


def printable(text: str, most: int = MOST_TEXT) -> str:
    """Fit for a terminal and for UTF-8: no control characters, none that change direction, no lone surrogates."""
    shown = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    return shown if len(shown) <= most else shown[:most] + "..."


def read_store(dump: Dict[str, Any]) -> Store:
    """`dump`: keys and values as `config-key dump` gives them. Never fails."""
    store = Store({}, {}, [])
    for key in sorted(dump):
        try:
            _read_entry(store, key, dump[key])
        except LaterVersion as error:
            store.bad.append(Bad(printable(key), str(error), "upgrade cuttle-mgr on the managers' hosts"))
        except BadEntry as error:
            store.bad.append(Bad(printable(key), str(error), _remedy(key)))
    return store


def _remedy(key: str) -> str:
    if not re.match(r"[A-Za-z0-9/._-]+\Z", key):
        return "whoever wrote it has to take it away"
    if key.startswith(REVOKED):
        return "look at it: ceph config-key get " + key
    return "ceph config-key rm %s; the host writes it anew" % key


def _read_entry(store: Store, key: str, value: Any) -> None:
    for prefix in (STATE, PEER, REVOKED):
        if key.startswith(prefix):
            host = key[len(prefix) :]
            break
    else:
        return  # the mesh's own record, or what later versions have
    if not HOST_NAME.match(host):
        raise BadEntry("its name is not that of a host")
    if prefix == REVOKED:
        store.members[host] = REVOKED_WORD  # whatever it says: better a host too much
        return
    if prefix == PEER:
        # Its host is in the mesh even where it cannot be read.
        store.members.setdefault(host, IN)
        if _object(value, host).get("left") not in (None, False) and store.members[host] == IN:
            store.members[host] = LEFT
        return
    store.reports[host] = _report(_object(value, host), host, hash(value))


def _object(value: Any, host: str) -> Dict[str, Any]:
    """The entry's fields, once they say what every entry has to."""
    if not isinstance(value, str) or value.startswith(BINARY):
        raise BadEntry("it is binary, no text")
    try:
        fields = json.loads(value)
    except (ValueError, RecursionError):
        raise BadEntry("it is no JSON (%d characters)" % len(value)) from None
    if not isinstance(fields, dict):
        raise BadEntry("it is no JSON object")
    version = fields.get("version")
    if not _is_number(version):
        raise BadEntry("it does not say of which version it is")
    if version > VERSION:
        raise LaterVersion("it is of version %g, known here is %d" % (version, VERSION))
    if version != VERSION:
        raise BadEntry("there is no version %g" % version)
    said = fields.get("host")
    if not isinstance(said, str):
        raise BadEntry("it does not say of which host it is")
    if said != host:
        raise BadEntry("it says that it is of host '%s'" % printable(said, 60))
    return fields


def _report(fields: Dict[str, Any], host: str, mark: int) -> Report:
    # The time is only there to make each report differ from the one before: clocks may be years off.
    if not _is_number(fields.get("time")):
        raise BadEntry("it has no time")
    links = [_link(item) for item in _list(fields, "links")]
    problems = [_problem(item) for item in _list(fields, "problems", [])[:MOST_PROBLEMS]]
    return Report(host, _word(fields, "agent"), tuple(links), tuple(problems), mark)


def _link(item: Any) -> Link:
    if not isinstance(item, dict):
        raise BadEntry("a link of it is no JSON object")
    if not isinstance(item.get("open"), bool):
        raise BadEntry("a link of it does not say whether it is open")
    hiding = item.get("hiding")
    if hiding is not None and hiding not in HIDINGS:
        hiding = None  # a word of a later version
    late = item.get("late_p99_us")
    if not _is_number(late) or late < 0:
        late = 0
    return Link(_name(item, "peer"), _word(item, "state"), item["open"], hiding, late)


def _problem(item: Any) -> Problem:
    if not isinstance(item, dict):
        raise BadEntry("a problem of it is no JSON object")
    code = item.get("code")
    if not isinstance(code, str) or not CODE.match(code):
        raise BadEntry("a problem of it has no code")
    about = _name(item, "host") if item.get("host") else ""
    fix = item.get("fix")
    if fix not in FIXES and (not about or fix not in [form % about for form in FIXES_ABOUT]):
        fix = ""
    text = item.get("text")
    return Problem(code, about, printable(text) if isinstance(text, str) else "", fix)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 1 << 63


def _list(fields: Dict[str, Any], name: str, otherwise: Optional[List[Any]] = None) -> List[Any]:
    value = fields.get(name, otherwise)
    if not isinstance(value, list):
        raise BadEntry("its '%s' are no list" % name)
    return value


def _word(fields: Dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not WORD.match(value):
        raise BadEntry("its '%s' is missing, or no word" % name)
    return value


def _name(fields: Dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not HOST_NAME.match(value):
        raise BadEntry("its '%s' is missing, or not the name of a host" % name)
    return value
