from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..lib.reach import read_networks
from .message_channel_reach import PRIVATE_NETWORKS


class ResConfigSettings(models.TransientModel):
    """The networks of one's own in which others than system administrators may use mail servers."""

    _inherit = "res.config.settings"

    message_private_networks = fields.Char(
        "Own Networks with Mail Servers", config_parameter=PRIVATE_NETWORKS,
        help="Networks like 10.1.2.0/24, apart by commas. Message managers may set up mail servers on the internet, "
             "and in these networks; system administrators everywhere.")

    @api.constrains("message_private_networks")
    def _check_message_private_networks(self):
        for settings in self:
            try:
                read_networks(settings.message_private_networks or "")
            except ValueError as error:
                raise ValidationError(self.env._(
                    "This is no network: %(reason)s. Write it like 10.1.2.0/24.", reason=str(error))) from error
