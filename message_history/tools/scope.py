"""Who sees what: the one rule, as plain values from which domains and statements are made."""

from dataclasses import dataclass, field

from odoo.fields import Domain
from odoo.tools import SQL


@dataclass(frozen=True)
class Scope:
    """What one user sees of the ledger, as ids that are resolved already.

    Sight is over pairs of a conversation and a channel. A pair is seen by the members of the channel (by every
    manager of its company), and by whom it was granted to. Companies are walls before all of that: what belongs to
    a company in which the user does not work is not there.

    :param everything: nothing is hidden: the superuser, or the manager of all companies there are
    :param user_id: the user
    :param manages: he sees every channel of his companies, member or not
    :param channel_ids: channels of which everything is seen
    :param shared_ids: channels of no company, of which is seen what belongs to one of ``company_ids``, or to none;
        empty for who works in every company
    :param company_ids: the companies in which the user works
    :param granted: {channel id: conversation ids} given to the user beside that, of what belongs to his companies
    """

    everything: bool
    user_id: int
    manages: bool = False
    channel_ids: tuple[int, ...] = ()
    shared_ids: tuple[int, ...] = ()
    company_ids: tuple[int, ...] = ()
    granted: dict[int, list[int]] = field(default_factory=dict)

    @property
    def all_channel_ids(self) -> tuple[int, ...]:
        """Channels that the user sees as such."""
        return (*self.channel_ids, *self.shared_ids)

    def channels(self) -> Domain:
        """Return the domain of channels, without their ids: one that is being made is seen as well."""
        if self.everything:
            return Domain.TRUE
        return self._companies() & (Domain.TRUE if self.manages else Domain("member_ids", "in", [self.user_id]))

    def on_channels(self, name: str) -> Domain:
        """Return the domain of rows whose field ``name`` is a channel that the user sees as such."""
        return Domain.TRUE if self.everything else Domain(name, "any!", self.channels())

    def messages(self) -> Domain:
        """Return the domain of messages (``message.history``).

        Ids only: with them PostgreSQL knows how few rows a quiet channel has, and does not walk everybody's. And as
        SQL: the ORM would take longer to look through a domain with many grants than the database for all the rest.
        """
        return Domain.TRUE if self.everything else Domain.custom(
            to_sql=lambda _model, alias, _query: self.message_sql(alias))

    def pairs(self) -> Domain:
        """Return the domain of pairs (``message.conversation.channel``)."""
        return Domain.TRUE if self.everything else Domain.custom(
            to_sql=lambda _model, alias, _query: self.pair_sql(alias))

    def pair_sql(self, alias: str) -> SQL:
        """Return the condition on pairs for a statement in which their table has a name."""
        return self._sql(alias, SQL.identifier(alias, "channel_id"))

    def message_sql(self, alias: str) -> SQL:
        """Return the condition on messages: they are on a channel, or stand at the desk of one; null is no."""
        channel, desk = SQL.identifier(alias, "channel_id"), SQL.identifier(alias, "desk_channel_id")
        return SQL("(%s OR %s)", self._sql(alias, channel), self._sql(alias, desk))

    def _sql(self, alias: str, channel: SQL) -> SQL:
        if self.everything:
            return SQL("TRUE")
        conversation = SQL.identifier(alias, "conversation_id")
        parts = [SQL("%s = ANY(%s)", channel, list(self.channel_ids))]
        if self.shared_ids:
            parts.append(SQL("(%s = ANY(%s) AND %s)", channel, list(self.shared_ids), self._companies_sql(alias)))
        parts += [SQL("(%s = %s AND %s = ANY(%s) AND %s)", channel, channel_id, conversation, ids,
                      self._companies_sql(alias)) for channel_id, ids in self.granted.items()]
        return SQL("(%s)", SQL(" OR ").join(parts))

    def conversations(self) -> Domain:
        """Return the domain of conversations: those of which at least one pair is seen.

        One subquery without an OR where nothing is shared, for the same reason as in :meth:`messages`.
        """
        if self.everything:
            return Domain.TRUE
        own = SQL("SELECT p.conversation_id FROM message_conversation_channel p WHERE p.channel_id = ANY(%s)",
                  list(self.channel_ids))
        parts = [own]
        if self.shared_ids:
            parts.append(SQL(
                "SELECT p.conversation_id FROM message_conversation_channel p WHERE p.channel_id = ANY(%s) AND %s",
                list(self.shared_ids), self._companies_sql("p")))
        if self.granted:
            given = [(channel_id, one) for channel_id, ids in self.granted.items() for one in ids]
            parts.append(SQL(
                "SELECT p.conversation_id FROM unnest(%s::int[], %s::int[]) AS g(channel_id, conversation_id) "
                "JOIN message_conversation_channel p USING (channel_id, conversation_id) WHERE %s",
                [one[0] for one in given], [one[1] for one in given], self._companies_sql("p")))
        return Domain("id", "in", SQL("(%s)", SQL(" UNION ALL ").join(parts)))

    def _companies(self) -> Domain:
        return Domain("company_id", "in", [False, *self.company_ids])

    def _companies_sql(self, alias: str) -> SQL:
        company = SQL.identifier(alias, "company_id")
        return SQL("(%s IS NULL OR %s = ANY(%s))", company, company, list(self.company_ids))
