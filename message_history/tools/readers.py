"""Which channels may share a thread: those whose messages the same people read."""

from odoo.tools import SQL

#: (channel id, company id or None)
Place = tuple[int, int | None]


class Readers:
    """Who reads which channel, looked up once for each.

    What somebody writes into his mail (ids, references, thread keys) must not bring a stranger's text before the
    readers of another channel, nor let him reopen or close their conversation. So a thread goes over two channels
    only where the readers of the one may see the other.

    A *place* is (id of a channel, id of the company that what came in there belongs to, or None). What comes in on a
    channel of no company may be of one, which is a wall like that of a channel.
    """

    def __init__(self, env):
        self._env = env
        self._known = {}

    def fit(self, one: Place, other: Place) -> bool:
        """Whether messages at two places may be in one conversation."""
        (channel_id, belongs), (other_id, other_belongs) = one, other
        if channel_id == other_id:
            return True
        (company, members), (other_company, other_members) = self._of(channel_id), self._of(other_id)
        companies = {company or belongs, other_company or other_belongs} - {None}
        if len(companies) > 1:
            return False
        return members <= other_members or other_members <= members

    def all_fit(self, some, others) -> bool:
        """Whether each place of the one set fits each of the other."""
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
