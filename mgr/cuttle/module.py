"""The manager's side: reads the entries every few seconds, sets health checks, answers `ceph cuttle status`."""
import errno
import json
import threading
import time
from typing import Any, Dict, FrozenSet, List, Optional

from mgr_module import CommandResult, HandleCommandResult, MgrModule

from .entries import PREFIX, printable, read_store
from .health import CODES, Check, Settings, Verdict, for_ceph, judge, unreadable
from .status import FORMATS, as_json, of_host, table
from .watch import Watch

ANSWER_WITHIN_S = 30  # the monitors
FRESH_S = 2  # a status as old as this is read anew
FRESH_WITHIN_S = 3  # but not waited for longer than this


class Unreadable(Exception):
    def __init__(self, why: str, what_to_do: str) -> None:
        super().__init__(why)
        self.why = why
        self.what_to_do = what_to_do


def _option(name: str, type_: str, default: Any, desc: str, **more: Any) -> Dict[str, Any]:
    return dict({"name": name, "type": type_, "default": default, "desc": desc, "runtime": True}, **more)


class Module(MgrModule):
    COMMANDS = [
        {
            "cmd": "cuttle status name=host,type=CephString,req=false",
            "desc": "How the hosts find their links (one host: link by link); --format json",
            "perm": "r",
        }
    ]
    NOTIFY_TYPES = []  # type: List[Any]
    MODULE_OPTIONS = [
        _option("interval", "secs", 10, "seconds between two readings of what hosts report", min=1),
        _option("silent_after", "secs", 90, "a host whose report is older is silent"),
        _option(
            "down_after", "secs", 30, "a link that is down, or an agent that is stopped, for longer warns"
        ),
        _option("open_after", "secs", 60, "a link that is open for longer warns"),
        _option("late_after", "secs", 900, "a link whose timing tells for longer warns"),
        _option("muted", "str", "", "checks that do not warn, such as CUTTLE_LATE,CUTTLE_LINK_OPEN"),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopping = threading.Event()
        self._wake = threading.Event()
        # Guards what the thread that serves leaves for the one that answers commands.
        self._result = threading.Condition()
        self._verdict = Verdict({}, {}, [])
        self._read_at = None  # type: Optional[float]
        self._rounds = 0
        self._watch = Watch()
        self._logged = []  # type: List[Any]
        self._take_options()

    # -- called by the manager

    def config_notify(self) -> None:
        self._take_options()
        self._wake.set()

    def serve(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            self._round()
            self._wake.wait(self._interval)

    def shutdown(self) -> None:
        self._stopping.set()
        self._wake.set()

    def handle_command(self, inbuf: str, cmd: Dict[str, Any]) -> HandleCommandResult:
        form = cmd.get("format", "plain")
        if form not in FORMATS:
            return HandleCommandResult(
                -errno.EINVAL, "", "no format '%s'; there are %s" % (form, ", ".join(FORMATS))
            )
        self._read_anew()
        with self._result:
            verdict, read_at = self._verdict, self._read_at
        read_s = None if read_at is None else time.monotonic() - read_at
        hosts = list(verdict.hosts.values())
        if cmd.get("host"):
            hosts = [host for host in hosts if host.name == cmd["host"]]
            if not hosts:
                return HandleCommandResult(
                    -errno.ENOENT, "", "no host '%s' has an entry" % printable(cmd["host"], 60)
                )
        if form != "plain":
            return HandleCommandResult(
                0, as_json(verdict, self._muted, read_s, hosts, form == "json-pretty"), ""
            )
        if cmd.get("host"):
            return HandleCommandResult(0, of_host(hosts[0]), "")
        return HandleCommandResult(0, table(verdict, self._muted, read_s, self._remarks), "")

    # -- one reading

    def _round(self) -> None:
        """Whatever happens in it, the module lives on and says so."""
        try:
            verdict = self._read()
            is_read = True
        except Unreadable as error:
            verdict = self._as_before(unreadable(error.why, error.what_to_do))
            is_read = False
        except Exception as error:  # a defect of ours must not take the manager's module down
            self.log.exception("reading failed")
            why = "this module failed: %s" % printable(repr(error))
            verdict = self._as_before(unreadable(why, "report it, with the manager's log"))
            is_read = False
        if self._stopping.is_set():
            return
        try:
            self._tell(verdict)
        except Exception:
            self.log.exception("health checks cannot be set")
        with self._result:
            self._verdict = verdict
            self._read_at = time.monotonic() if is_read else self._read_at
            self._rounds += 1
            self._result.notify_all()

    def _read(self) -> Verdict:
        store = read_store(self._dump())
        self._watch.begin_reading(time.monotonic(), 2 * self._interval)
        return judge(store, self._watch, self._settings)

    def _as_before(self, added: Dict[str, Check]) -> Verdict:
        """What cannot be read has not been mended."""
        return self._verdict._replace(checks=dict(self._verdict.checks, **added))

    def _dump(self) -> Dict[str, Any]:
        """All that is below cuttle/. `config-key dump`, since `get` would hand over bytes that are no text as they are, on
        which the manager's conversion to Python fails without an answer."""
        result = CommandResult("")
        command = {"prefix": "config-key dump", "key": PREFIX, "format": "json"}
        self.send_command(result, "mon", "", json.dumps(command), "")
        end = time.monotonic() + ANSWER_WITHIN_S
        while not result.ev.wait(0.5):
            if self._stopping.is_set():
                raise Unreadable("this manager is ending", "nothing")
            if time.monotonic() > end:
                raise Unreadable("the monitors have not answered for %d s" % ANSWER_WITHIN_S, "ceph mon stat")
        if result.r in (-errno.EACCES, -errno.EPERM):
            name = "mgr." + self.get_mgr_id()
            raise Unreadable(
                "the key of %s may not read below cuttle/ in the config-key store" % name,
                "ceph auth caps %s mon 'allow profile mgr' osd 'allow *' mds 'allow *' && ceph mgr fail %s"
                % (name, self.get_mgr_id()),
            )
        if result.r != 0:
            why = "the monitors refuse: %s (%d)" % (printable(result.outs), result.r)
            raise Unreadable(why, "ceph config-key dump %s, and the monitors' log" % PREFIX)
        try:
            dump = json.loads(result.outb)
        except (ValueError, RecursionError):
            dump = None
        if not isinstance(dump, dict):
            raise Unreadable("what the monitors answer is no JSON object", "ceph config-key dump " + PREFIX)
        return dump

    def _tell(self, verdict: Verdict) -> None:
        if verdict.bad != self._logged:
            self._logged = verdict.bad
            for bad in verdict.bad[:50]:
                self.log.warning("%s: %s", bad.key, bad.why)
        self.set_health_checks(for_ceph(verdict.checks, self._muted))

    def _read_anew(self) -> None:
        """For who asks: what is older than a moment is read again, for some seconds at most."""
        with self._result:
            if self._read_at is not None and time.monotonic() - self._read_at < FRESH_S:
                return
            before = self._rounds
            self._wake.set()
            self._result.wait_for(lambda: self._rounds != before, FRESH_WITHIN_S)

    # -- options

    def _take_options(self) -> None:
        self._interval = max(1.0, self._seconds("interval"))
        self._settings = Settings(*(self._seconds(name) for name in Settings._fields))
        muted = frozenset(str(self.get_module_option("muted") or "").replace(",", " ").split())
        self._muted = muted & frozenset(CODES)  # type: FrozenSet[str]
        unknown = sorted(muted - self._muted)
        self._remarks = []  # type: List[str]
        if unknown:
            no_such = "muted names no check with '%s'; there are %s"
            self._remarks.append(no_such % (printable(" ".join(unknown)), ", ".join(CODES)))
            self.log.warning("%s", self._remarks[0])

    def _seconds(self, name: str) -> float:
        value = self.get_module_option(name)
        return float(value) if isinstance(value, (int, float)) else 0.0
