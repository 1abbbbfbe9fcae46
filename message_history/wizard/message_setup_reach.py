from dataclasses import dataclass, replace

from odoo import models

from ..lib.checking import Checker, kind_of
from ..lib.connect import Endpoint, resolve
from ..lib.transport import CheckReport
from .message_setup import Part

#: Seconds that a person waits for a server before the form says that it does not answer.
PATIENCE = 15.0


@dataclass(frozen=True)
class Admission:
    """One server that may be connected to, or why it may not.

    :param place: with its address, which is not looked up again
    :param failed: what the look-up came to, None if it succeeded
    """

    place: Endpoint
    failed: CheckReport | None


class MessageSetup(models.TransientModel):
    """Where the form connects, how often, and what it tells of it.

    System administrators may connect anywhere, and read what the server said. Others reach mail servers
    on the internet and in the listed networks, and read what kind of trouble there was in our own words:
    a form that shows what any machine answers is a window into the networks around the server.
    """

    _inherit = "message.setup"

    def _is_trusted(self):
        return self.env.user.has_group("base.group_system")

    def _get_places(self):
        """Return the servers that are to be tried, {name: ``lib.connect.Endpoint``}. For addons."""
        self.ensure_one()
        return {}

    def _admit(self):
        """Look the servers up, count the try, and return {name: :class:`Admission`}.

        :raise UserError: when there were too many tries
        """
        reach = self.env["message.channel"]._reach_of(self.env.user)
        admitted, keys = {}, set()
        for name, place in self._get_places().items():
            near = replace(place, reach=reach, timeout=PATIENCE, connect_timeout=PATIENCE)
            checker, addresses = Checker(), []
            with checker:
                addresses = resolve(near)
            report = checker.report()
            admitted[name] = Admission(replace(near, pinned=tuple(addresses)), None if report.ok else report)
            keys |= self.env["message.login.try"]._keys_for(place.host, addresses)
        self.env["message.login.try"]._count(keys)
        return admitted

    def _make_part(self, titles, report, fields_of_form):
        """Return the :class:`Part` that tells what came of a test.

        :param titles: when it works, when it does not
        :param report: ``lib.transport.CheckReport``
        :param fields_of_form: {setting that an error points at: field of the form}
        """
        if report.ok:
            return Part(titles[0], True, self._lines_for(report))
        if self._is_trusted():
            words = self.env["message.fetcher"]._words_for(report.error)
        else:
            words = self._plain_words(report.error)
        field = fields_of_form.get(report.error.field)
        if field == "verify" and not self._is_trusted():
            field = None  # others have no such field
        lines = [words]
        if field:
            label = self._fields[field]._description_string(self.env)
            lines.append(self.env._("Please look at the field “%(field)s”.", field=label))
        lines.append(self._words_for_verify(report.error))
        # what may not be connected to was not tried: there are no steps to tell of, whatever is or is not there
        steps = () if kind_of(report.error) in ("reach", "port") else ("", *self._lines_for(report))
        return Part(titles[1], False, [*filter(None, lines), *steps], field)

    def _lines_for(self, report):
        """Return the steps of a test, for others than system administrators without what the server said."""
        if not self._is_trusted():
            report = CheckReport(tuple(replace(step, detail="") for step in report.steps), report.error)
        return self.env["message.channel"]._lines_for_steps(report)

    def _words_for_verify(self, error):
        """Return what helps when a certificate can't be trusted."""
        if kind_of(error) != "certificate":
            return ""
        if self._is_trusted():
            return self.env._("Is it your own server, with a certificate of its own? Then choose “Do not verify” under "
                              "Certificates, or enter its authority in the form of the mail server.")
        return self.env._("A system administrator can let Odoo trust it.")

    def _plain_words(self, error):
        """Return what went wrong in our own words, by its kind; nothing that the other side said."""
        _ = self.env._
        sentences = {
            "reach": _("There is no mail server of this name on the internet. Servers in a private network can be "
                       "used when a system administrator lists the network in the settings."),
            "port": _("This is no port of a mail server. Usual are 993, 143, 995 and 110 for receiving, and 587, "
                      "465, 2525 and 25 for sending."),
            "timeout": _("The server did not answer in time."),
            "connection": _("No connection to the server."),
            "certificate": _("The certificate of the server can't be trusted."),
            "encryption": _("The server does not take this kind of encryption on this port."),
            "login": _("The server refused the login."),
            "protocol": _("No mail server answers there."),
            "throttled": _("The server asks to slow down."),
            "configuration": _("A setting is wrong."),
        }
        return sentences.get(kind_of(error), _("The server could not be used."))
