"""The module over a double of the manager: whatever the monitors answer, it lives on and says so."""
import errno
import json
import logging
import threading
import unittest

from cuttle import module as module_file
from cuttle.module import Module

from samples import link, mesh, state

HOSTS = ("mon", "osd0", "osd1")
PROMPT = {"interval": 1, "down_after": 0, "open_after": 0, "late_after": 0}


def answer(dump):
    return (0, json.dumps(dump), "")


class Quiet(unittest.TestCase):
    def setUp(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)


class Serving(Quiet):
    def serve(self, module, *answers):
        """One reading for each answer; what was set as health checks after each."""
        seen = []
        for each in answers:
            module.answer = each
            module._round()
            seen.append(module.health)
        return seen

    def test_it_asks_for_its_own_entries_only(self):
        module = Module(answer({}))
        module._round()
        ((svc, command),) = module.commands
        self.assertEqual(svc, "mon")
        self.assertEqual(json.loads(command)["prefix"], "config-key dump")
        self.assertEqual(json.loads(command)["key"], "cuttle/")

    def test_checks_come_and_go(self):
        down = mesh(HOSTS, mon=state("mon", [link("osd0", "quiet"), link("osd1")]))
        seen = self.serve(Module(None, **PROMPT), answer(mesh(HOSTS)), answer(down), answer(mesh(HOSTS)))
        self.assertEqual([list(health) for health in seen], [[], ["CUTTLE_LINK_DOWN"], []])

    def test_a_key_that_may_not_read(self):
        refused, fine = self.serve(Module(None), (-errno.EACCES, "", "access denied"), answer(mesh(HOSTS)))
        self.assertEqual(list(refused), ["CUTTLE_UNREADABLE"])
        line = refused["CUTTLE_UNREADABLE"]["detail"][0]
        self.assertIn("ceph auth caps mgr.a mon 'allow profile mgr'", line)
        self.assertTrue(line.endswith("&& ceph mgr fail a"), line)
        self.assertEqual(fine, {})

    def test_answers_that_are_none(self):
        for bad in (
            (-errno.EINVAL, "", "what\x1b?"),
            (0, "", ""),
            (0, "[]", ""),
            (0, "[" * 100000, ""),
            (0, '{"cuttle/state/a": ', ""),
            RuntimeError("the manager's own trouble"),
            (0, None, ""),
        ):
            with self.subTest(bad):
                refused, fine = self.serve(Module(None), bad, answer(mesh(HOSTS)))
                self.assertEqual(list(refused), ["CUTTLE_UNREADABLE"])
                self.assertEqual(fine, {})

    def test_what_cannot_be_read_is_not_mended(self):
        down = mesh(HOSTS, mon=state("mon", [link("osd0", "quiet"), link("osd1")]))
        seen = self.serve(
            Module(None, **PROMPT), answer(down), (-errno.ETIMEDOUT, "", ""), answer(mesh(HOSTS))
        )
        self.assertEqual(set(seen[1]), {"CUTTLE_LINK_DOWN", "CUTTLE_UNREADABLE"})
        self.assertEqual(seen[2], {})

    def test_monitors_that_do_not_answer(self):
        patience = module_file.ANSWER_WITHIN_S
        self.addCleanup(setattr, module_file, "ANSWER_WITHIN_S", patience)
        module_file.ANSWER_WITHIN_S = 0
        (health,) = self.serve(Module(None), None)
        self.assertIn("not answered", health["CUTTLE_UNREADABLE"]["detail"][0])

    def test_the_thread_ends_when_told_to(self):
        for waits in (answer({}), None):  # between two readings, and for the monitors' answer
            module = Module(waits, interval=3600)
            thread = threading.Thread(target=module.serve, daemon=True)
            thread.start()
            module.shutdown()
            thread.join(5)
            self.assertFalse(thread.is_alive())

    def test_health_checks_that_cannot_be_set(self):
        module = Module(answer({}))
        module.set_health_checks = lambda checks: 1 / 0
        module._round()

    def test_muted(self):
        down = mesh(HOSTS, mon=state("mon", [link("osd0", "quiet", True), link("osd1")]))
        module = Module(answer(down), muted="CUTTLE_LINK_DOWN, CUTTLE_LATE", **PROMPT)
        module._round()
        self.assertEqual(list(module.health), ["CUTTLE_LINK_OPEN"])
        out = module.handle_command("", {})[1]
        self.assertIn("1 link is down (muted)", out)
        self.assertNotIn("beside it (muted)", out)
        module.options["muted"] = "CUTTLE_LINK_DOWN CUTTLE_LINK_OPEN CUTTLE_X"
        module.config_notify()
        module._round()
        self.assertEqual(module.health, {})
        self.assertIn("CUTTLE_X", module.handle_command("", {})[1])

    def test_options_of_another_kind(self):
        module = Module(answer(mesh(HOSTS)), interval=None, down_after="soon", muted=None)
        module._round()
        self.assertEqual(module.health, {})


class Status(Quiet):
    def ask(self, dump, **cmd):
        module = Module(answer(dump), **PROMPT)
        thread = threading.Thread(target=module.serve, daemon=True)
        thread.start()
        try:
            return module.handle_command("", dict(cmd, prefix="cuttle status"))
        finally:
            module.shutdown()
            thread.join(5)

    def test_the_table(self):
        dump = mesh(
            HOSTS, mon=state("mon", [link("osd0", "quiet", late_us=20000), link("osd1", hiding="tells")])
        )
        status, out, err = self.ask(dump)
        self.assertEqual((status, err), (0, ""))
        rows = out.splitlines()
        self.assertEqual(rows[0].split()[:4], ["HOST", "ENTRY", "AGENT", "UP"])
        self.assertEqual(rows[1].split()[:8], ["mon", "in", "running", "1", "of", "2", "0", "20"])
        self.assertIn("tells", rows[1])
        self.assertIn("CUTTLE_LINK_DOWN: 1 link is down", out)
        self.assertIn("Read 0 s ago.", out)

    def test_nobody(self):
        self.assertIn("cuttle join", self.ask({})[1])

    def test_one_host(self):
        status, out, _ = self.ask(mesh(HOSTS), host="osd0")
        self.assertEqual(status, 0)
        self.assertEqual([line.split()[0] for line in out.splitlines()], ["osd0:", "PEER", "mon", "osd1"])
        status, out, err = self.ask(mesh(HOSTS), host="no\nhost")
        self.assertEqual((status, out), (-errno.ENOENT, ""))
        self.assertIn("'no?host'", err)

    def test_json(self):
        for form in ("json", "json-pretty"):
            status, out, _ = self.ask(mesh(HOSTS, osd1="?"), format=form)
            self.assertEqual(status, 0)
            read = json.loads(out)
            self.assertEqual([host["host"] for host in read["hosts"]], list(HOSTS))
            self.assertEqual(read["hosts"][0]["links"][0]["state"], "up")
            self.assertIsNone(read["hosts"][2]["agent"])
            self.assertEqual(read["checks"]["CUTTLE_BAD_ENTRY"]["count"], 1)
            self.assertEqual(read["bad_entries"][0]["key"], "cuttle/state/osd1")

    def test_a_format_that_is_none(self):
        status, out, err = self.ask({}, format="xml")
        self.assertEqual((status, out), (-errno.EINVAL, ""))
        self.assertIn("json-pretty", err)

    def test_monitors_away_give_the_last_that_was_read(self):
        module = Module(answer(mesh(HOSTS)), **PROMPT)
        module._round()
        module._read_at -= 100
        module_file_wait = module_file.FRESH_WITHIN_S
        self.addCleanup(setattr, module_file, "FRESH_WITHIN_S", module_file_wait)
        module_file.FRESH_WITHIN_S = 0.01
        self.assertIn("Read 100 s ago.", module.handle_command("", {})[1])


if __name__ == "__main__":
    unittest.main()
