"""``odoo gateway status``: how channels and processes are doing, for people and for monitoring."""

from .process import Process


def print_status(dbname, output):
    """Print a table of channels and processes.

    :return: exit code: 0 when all is well, 1 when a channel needs a person
    """
    process = Process(dbname, "status")
    with process.environment() as env:
        gateways = env["message.gateway"].search([])
        output.write(f"{len(gateways)} processes" + "\n")
        for gateway in gateways:
            output.write(f"  {gateway.role:<9} {gateway.host}:{gateway.pid}  last seen {gateway.heartbeat} UTC,"
                  f" {gateway.handled} handled" + "\n")
        channels = env["message.channel"].search([("channel_type", "!=", "none")])
        output.write(f"{len(channels)} channels" + "\n")
        bad = 0
        for channel in channels:
            bad += channel.health == "attention"
            output.write(f"  [{channel.id}] {channel.name:<24} {channel.health:<9} {channel.health_text}"
                  f" | waiting {channel.waiting_count}, failed {channel.failed_count},"
                  f" received in 24 h {channel.received_today}" + "\n")
    return 1 if bad else 0
