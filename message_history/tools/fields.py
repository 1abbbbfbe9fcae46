"""A field type that Odoo has no name for."""

from odoo import fields


class BigInteger(fields.Integer):
    """A signed 64-bit integer, for digests that are compared and never calculated with."""

    _column_type = ("int8", "int8")
