"""``odoo gateway status``: how channels and processes are doing, for people and for monitoring."""

from .process import Process


def print_status(dbname, output):
    """Print a table of channels and processes.

    :return: exit code: 0 when all is well, 1 when a channel needs a person
    """
    process = Process(dbname, "status")
    with process.environment() as env:
        gateways = env["message.gateway"].search([])
        print(f"{len(gateways)} processes", file=output)
        for gateway in gateways:
            print(f"  {gateway.role:<9} {gateway.host}:{gateway.pid}  last seen {gateway.heartbeat} UTC,"
                  f" {gateway.handled} handled", file=output)
        channels = env["message.channel"].search([("channel_type", "!=", "none")])
        print(f"{len(channels)} channels", file=output)
        bad = 0
        for channel in channels:
            bad += channel.health == "attention"
            print(f"  [{channel.id}] {channel.name:<24} {channel.health:<9} {channel.health_text}"
                  f" | waiting {channel.waiting_count}, failed {channel.failed_count},"
                  f" received in 24 h {channel.received_today}", file=output)
    return 1 if bad else 0
