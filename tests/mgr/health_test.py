"""From entries to health checks."""
import unittest

from cuttle.entries import read_store
from cuttle.health import (
    BAD_ENTRY,
    HOST_SILENT,
    KEY_CHANGED,
    LATE,
    LINK_DOWN,
    LINK_OPEN,
    PROBLEM,
    Settings,
    for_ceph,
    judge,
)
from cuttle.watch import Watch

from samples import KEY_CHANGED as CHANGED
from samples import link, mesh, peer, state

AT_ONCE = Settings(silent_after=60, down_after=0, open_after=0, late_after=0)
HOSTS = ("mon", "osd0", "osd1")


class Manager:
    """Reads every ten seconds."""

    def __init__(self, settings=AT_ONCE):
        self.settings = settings
        self.watch = Watch()
        self.now = 500.0

    def read(self, dump, after=10):
        self.now += after
        self.watch.begin_reading(self.now, 20)
        self.verdict = judge(read_store(dump), self.watch, self.settings)
        return self.verdict.checks


class Checks(unittest.TestCase):
    def expect(self, checks, code, count, *words):
        self.assertEqual(list(checks), [code])
        check = checks[code]
        self.assertEqual(check.count, count, check)
        for word in words:
            self.assertIn(word, "\n".join((check.summary,) + tuple(check.detail)))
        return check

    def test_all_is_well(self):
        self.assertEqual(Manager().read(mesh(HOSTS)), {})
        self.assertEqual(Manager().read({}), {})

    def test_a_link_down_is_one_link_though_both_ends_say_so(self):
        dump = mesh(
            HOSTS,
            mon=state("mon", [link("osd0", "connecting"), link("osd1")]),
            osd0=state("osd0", [link("mon", "quiet"), link("osd1")]),
        )
        manager = Manager()
        check = self.expect(
            manager.read(dump), LINK_DOWN, 1, "mon - osd0", "connecting as mon", "quiet as osd0"
        )
        self.assertEqual(len(check.detail), 1)
        self.assertIn("To do", check.detail[0])
        self.assertEqual(manager.read(mesh(HOSTS)), {})

    def test_of_two_links_to_one_peer_the_worse(self):
        for first, second in (("up", "quiet"), ("quiet", "up")):
            twice = [link("mon", first), link("mon", second), link("osd0")]
            self.expect(Manager().read(mesh(HOSTS, osd1=state("osd1", twice))), LINK_DOWN, 1, "quiet as osd1")

    def test_a_link_down_as_one_end_sees_it(self):
        dump = mesh(HOSTS, osd1=state("osd1", [link("mon", "quiet"), link("osd0")]))
        self.expect(Manager().read(dump), LINK_DOWN, 1, "mon - osd1", "quiet as osd1 sees it")

    def test_a_moment_is_not_reported(self):
        manager = Manager(Settings(down_after=30))

        def down():
            return mesh(
                HOSTS, manager.now, mon=state("mon", [link("osd0", "quiet"), link("osd1")], manager.now)
            )

        for _ in range(3):
            self.assertEqual(manager.read(down()), {})
        self.assertEqual(manager.read(mesh(HOSTS, manager.now)), {})
        for _ in range(3):
            self.assertEqual(manager.read(down()), {})
        self.expect(manager.read(down()), LINK_DOWN, 1)

    def test_a_host_away_is_one_line(self):
        hosts = ["h%d" % n for n in range(9)]
        states = {
            h: state(h, [link(p, "connecting" if p == "h3" else "up") for p in hosts if p != h])
            for h in hosts
        }
        states["h3"] = state("h3", [link(p, "connecting") for p in hosts if p != "h3"])
        check = self.expect(
            Manager().read(mesh(hosts, **states)), LINK_DOWN, 8, "h3: none of its 8 links is up"
        )
        self.assertEqual(len(check.detail), 1)

    def test_an_agent_stopped(self):
        dump = mesh(
            HOSTS,
            mon=state("mon", [link("osd0"), link("osd1", "connecting")]),
            osd0=state("osd0", [link("mon"), link("osd1", "connecting")]),
            osd1=state("osd1", [], agent="stopped"),
        )
        check = self.expect(
            Manager().read(dump), LINK_DOWN, 3, "osd1: its agent is stopped", "none of its 2 links"
        )
        self.assertEqual(len(check.detail), 1)
        alone = {"cuttle/peer/a": peer("a"), "cuttle/state/a": state("a", [], agent="stopped")}
        self.expect(Manager().read(alone), LINK_DOWN, 1, "a: its agent is stopped")

    def test_a_link_open(self):
        manager = Manager()
        dump = mesh(HOSTS, mon=state("mon", [link("osd0", "up", True), link("osd1")]))
        self.expect(manager.read(dump), LINK_OPEN, 1, "mon - osd0", "beside")
        self.assertEqual(manager.read(mesh(HOSTS)), {})

    def test_timing_that_tells(self):
        manager = Manager()
        late = [link("osd0", hiding="tells", late_us=950), link("osd1", hiding="tells behind fast ports")]
        self.expect(manager.read(mesh(HOSTS, mon=state("mon", late))), LATE, 1, "mon: ", "to osd0", "950 us")
        self.assertEqual(manager.read(mesh(HOSTS)), {})

    def test_a_silent_host(self):
        manager = Manager()
        quiet = state("osd1", [link("mon"), link("osd0")])
        for second in range(0, 60, 10):
            self.assertEqual(manager.read(mesh(HOSTS, second, osd1=quiet)), {})
        self.expect(
            manager.read(mesh(HOSTS, 60, osd1=quiet)),
            HOST_SILENT,
            1,
            "osd1: has reported nothing new for at least",
        )
        self.assertEqual(manager.read(mesh(HOSTS, 70)), {})
        for second in range(80, 130, 10):
            self.assertEqual(manager.read(mesh(HOSTS, second, osd1=state("osd1", time=-5))), {})
        manager.read(mesh(HOSTS, 130, osd1=state("osd1", time=-5)))
        self.expect(
            manager.read(mesh(HOSTS, 140, osd1=state("osd1", time=-5))), HOST_SILENT, 1, "new for 60 s"
        )

    def test_a_host_that_never_reported(self):
        manager = Manager()
        dump = {"cuttle/peer/a": peer("a")}
        for _ in range(6):
            self.assertEqual(manager.read(dump), {})
        self.expect(manager.read(dump), HOST_SILENT, 1, "a: has never reported")

    def test_clocks_that_are_wrong_or_set_back_raise_nothing(self):
        manager = Manager()
        for time in (1e9, 5e9, 12, -400, 0.5, 5e9, 1e9, 3, 2, 1):
            self.assertEqual(manager.read(mesh(HOSTS, time)), {})

    def test_monitors_that_were_away_make_nobody_silent(self):
        manager = Manager()
        manager.read(mesh(HOSTS))
        self.assertEqual(manager.read(mesh(HOSTS), after=3600), {})
        self.assertEqual(manager.read(mesh(HOSTS, 1010)), {})

    def test_what_a_silent_host_said_no_longer_counts(self):
        manager = Manager()
        old = state("osd1", [link("mon", "quiet", True, "tells"), link("osd0")], problems=[CHANGED])
        for second in range(0, 70, 10):
            checks = manager.read(mesh(HOSTS, second, osd1=old))
        self.expect(checks, HOST_SILENT, 1)

    def test_who_left_or_was_revoked_is_missed_by_nobody(self):
        left = {"cuttle/peer/osd1": peer("osd1", left=True)}
        for gone, links in ((left, []), ({"cuttle/revoked/osd1": "{}"}, [link("osd1", "quiet", True)])):
            manager = Manager()
            dump = mesh(HOSTS)
            dump.update(gone)
            del dump["cuttle/state/osd1"]
            for _ in range(9):
                dump["cuttle/state/osd0"] = state("osd0", [link("mon")] + links, manager.now)
                dump["cuttle/state/mon"] = state("mon", [link("osd0")] + links, manager.now)
                self.assertEqual(manager.read(dump), {})

    def test_saying_that_it_left_hides_no_link_of_a_host(self):
        manager = Manager(Settings(silent_after=60, down_after=30, open_after=60))
        for second in range(0, 80, 10):
            dump = mesh(HOSTS, second, osd0=state("osd0", [link("mon"), link("osd1", "quiet", True)], second))
            if second % 20 == 0:
                dump["cuttle/peer/osd1"] = peer("osd1", left=True)
            checks = manager.read(dump)
        self.assertEqual(sorted(checks), [LINK_DOWN, LINK_OPEN])
        self.assertIn("osd0 - osd1", checks[LINK_OPEN].detail[0])

    def test_a_state_left_over_without_an_entry_is_no_silent_host(self):
        manager = Manager()
        for _ in range(9):
            self.assertEqual(manager.read({"cuttle/state/old": state("old")}), {})
        self.assertTrue(manager.verdict.hosts["old"].is_silent)

    def test_a_key_that_changed(self):
        manager = Manager()
        seers = {h: state(h, [link(p) for p in HOSTS if p != h], problems=[CHANGED]) for h in ("mon", "osd0")}
        check = self.expect(
            manager.read(mesh(HOSTS, **seers)),
            KEY_CHANGED,
            1,
            "osd1: mon, osd0 says",
            "cuttle mesh accept osd1",
        )
        self.assertEqual(len(check.detail), 1)
        self.assertEqual(manager.read(mesh(HOSTS)), {})

    def test_other_problems_have_a_check_of_their_own(self):
        odd = dict(CHANGED, code="CUTTLE_ADDRESS_TAKEN", fix="reboot")
        links = [link("osd0"), link("osd1")]
        check = self.expect(
            Manager().read(mesh(HOSTS, mon=state("mon", links, problems=[odd]))),
            PROBLEM,
            1,
            "CUTTLE_ADDRESS_TAKEN",
        )
        self.assertNotIn("reboot", check.detail[0])
        self.assertIn("To do there: cuttle mesh status", check.detail[0])

    def test_a_bad_entry_is_named(self):
        dump = mesh(HOSTS, osd1="no json")
        manager = Manager()
        self.expect(manager.read(dump), BAD_ENTRY, 1, "cuttle/state/osd1", "no JSON", "config-key rm")
        self.assertEqual(manager.read(mesh(HOSTS, 1010)), {})

    def test_thousands_of_hosts(self):
        hosts = ["h%04d" % n for n in range(3000)]
        dump = {}
        for n, host in enumerate(hosts):
            dump["cuttle/peer/" + host] = peer(host)
            links = [link(hosts[(n + k) % 3000], "connecting", True) for k in (1, 2, 3)]
            links.append(link(hosts[(n + 4) % 3000], "up", False, "tells"))
            dump["cuttle/state/" + host] = state(
                host, links, agent="running", problems=[dict(CHANGED, host=host)]
            )
        dump.update({"cuttle/state/bad%d" % n: "?" for n in range(2000)})
        checks = Manager().read(dump)
        self.assertEqual(set(checks), {LINK_DOWN, LINK_OPEN, LATE, KEY_CHANGED, BAD_ENTRY})
        self.assertEqual((checks[LINK_DOWN].count, checks[BAD_ENTRY].count), (9000, 2000))
        for check in checks.values():
            self.assertEqual(len(check.detail), 50)
            self.assertIn("more", check.detail[-1])

    def test_as_ceph_takes_them(self):
        checks = Manager().read(
            mesh(HOSTS, osd1="?", mon=state("mon", [link("osd0", "quiet"), link("osd1")]))
        )
        given = for_ceph(checks, frozenset([BAD_ENTRY]))
        self.assertEqual(list(given), [LINK_DOWN])
        self.assertEqual(set(given[LINK_DOWN]), {"severity", "summary", "count", "detail"})
        self.assertEqual(given[LINK_DOWN]["severity"], "warning")


if __name__ == "__main__":
    unittest.main()
