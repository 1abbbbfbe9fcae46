import math
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..lib.reach import plain
from ..tools.transaction import in_transaction

#: Within this time tries are counted together.
WINDOW = timedelta(hours=1)
#: Tries of one user at one server within it.
LIMIT = 10
#: The same for system administrators, who can do everything anyway: against a mistake, not against them.
LIMIT_TRUSTED = 60
#: Tries of one user at all servers together, as a multiple of that.
ALL = 3
_ALL_KEY = "*"


class MessageLoginTry(models.Model):
    """How often somebody let Odoo try a login at a server.

    Counted in a transaction of its own, before the server is asked: what becomes of the request afterwards
    does not matter. By the server's addresses and by its name, so that neither another name for the same
    server nor another address of the same name begins anew.
    """

    _name = "message.login.try"
    _description = "Tried Login"
    _log_access = False

    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    server = fields.Char(required=True)
    since = fields.Datetime(required=True)
    tries = fields.Integer(required=True)

    _user_server_uniq = models.UniqueIndex("(user_id, server)")

    @api.model
    def _keys_for(self, host, addresses):
        """Return under what a server is counted: its name, and each of its addresses (an IPv6 network of 64 bits).

        :param addresses: as ``lib.connect.resolve`` returns them
        """
        keys = {host.strip().rstrip(".").lower()[:255]}
        for address in addresses:
            found = plain(str(address[3][0]))
            keys.add(str(found) if found.version == 4 else f"{int(found) >> 64:x}/64")
        return keys

    @api.model
    def _count(self, keys):
        """Count one try of the present user under all the keys.

        :raise UserError: when there were too many already; no server is to be asked then
        """
        trusted = self.env.user.has_group("base.group_system")
        limit = LIMIT_TRUSTED if trusted else LIMIT
        limits = dict.fromkeys(keys, limit) | {_ALL_KEY: limit * ALL}
        wait = in_transaction(self.env, _count_try, self.env.uid, sorted(limits.items()), attempts=20)
        if wait:
            raise UserError(self.env._(
                "These were too many tries. Try again in %(minutes)s minutes.", minutes=math.ceil(wait / 60)))

    @api.autovacuum
    def _gc_tries(self):
        self.env.cr.execute(SQL(
            "DELETE FROM message_login_try WHERE since < now() AT TIME ZONE 'UTC' - %s", WINDOW))


def _count_try(env, uid, limits):
    """Count a try under each key; returns for how many seconds there are to be no more, 0 if there may be.

    One statement for each row, which waits for others that count it: two requests at once are two tries.
    """
    waits = [0.0]
    for key, limit in limits:
        ((tries, left),) = env.execute_query(SQL(
            "INSERT INTO message_login_try AS old (user_id, server, since, tries) "
            "VALUES (%(uid)s, %(key)s, clock_timestamp() AT TIME ZONE 'UTC', 1) "
            "ON CONFLICT (user_id, server) DO UPDATE SET "
            "tries = CASE WHEN old.since < excluded.since - %(window)s THEN 1 ELSE old.tries + 1 END, "
            "since = CASE WHEN old.since < excluded.since - %(window)s THEN excluded.since ELSE old.since END "
            "RETURNING tries, EXTRACT(EPOCH FROM since + %(window)s - clock_timestamp() AT TIME ZONE 'UTC')::float",
            uid=uid, key=key, window=WINDOW))
        if tries > limit:
            waits.append(left)
    return max(waits)
