"""Which channels may share a thread: those whose messages the same people read."""

from odoo.tools import SQL


class Readers:
    """Who reads which channel, looked up once for each.

    What somebody writes into his mail (ids, references, thread keys) must not bring a stranger's text before the
    readers of another channel, nor let him reopen or close their conversation. So a thread goes over two channels
    only where the readers of the one may see the other.
    """

    def __init__(self, env):
        self._env = env
        self._known = {}

    def fit(self, one: int, other: int) -> bool:
        """Whether messages on two channels may be in one conversation."""
        if one == other:
            return True
        (company, members), (other_company, other_members) = self._of(one), self._of(other)
        if company and other_company and company != other_company:
            return False
        return members <= other_members or other_members <= members

    def all_fit(self, some, others) -> bool:
        """Whether each channel of the one set fits each of the other."""
        return all(self.fit(one, other) for one in some for other in others)

    def _of(self, channel_id):
        if channel_id not in self._known:
            rows = self._env.execute_query(SQL(
                "SELECT c.company_id, ARRAY(SELECT m.user_id FROM message_channel_member_rel m "
                "JOIN res_users u ON u.id = m.user_id AND u.active WHERE m.channel_id = c.id) "
                "FROM message_channel c WHERE c.id = %s", channel_id))
            company_id, members = rows[0] if rows else (None, [])
            self._known[channel_id] = company_id, frozenset(members)
        return self._known[channel_id]
