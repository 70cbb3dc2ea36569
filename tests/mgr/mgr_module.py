"""A double of what Ceph's manager gives its modules, as far as the module cuttle uses it."""
import logging
import threading


class CommandResult:
    def __init__(self, tag=None):
        self.ev = threading.Event()
        self.outs = ""
        self.outb = ""
        self.r = 0

    def complete(self, r, outb, outs):
        self.r, self.outb, self.outs = r, outb, outs
        self.ev.set()


class HandleCommandResult(tuple):
    def __new__(cls, retval=0, stdout="", stderr=""):
        return super().__new__(cls, (retval, stdout, stderr))


class MgrModule:
    """`answer`: what the monitors say to a command, as (status, output, words), or an exception; None: nothing, ever."""

    MODULE_OPTIONS = []

    def __init__(self, answer, **options):
        self.answer = answer
        self.options = options
        self.commands = []
        self.health = None  # what was set last
        self.log = logging.getLogger("cuttle")

    def get_module_option(self, key, default=None):
        declared = {option["name"]: option["default"] for option in self.MODULE_OPTIONS}
        return self.options.get(key, declared.get(key, default))

    def get_mgr_id(self):
        return "a"

    def send_command(self, result, svc_type, svc_id, command, tag, inbuf=None):
        self.commands.append((svc_type, command))
        answer = self.answer
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            result.complete(*answer)

    def set_health_checks(self, checks):
        self.health = checks
