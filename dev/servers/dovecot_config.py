"""The one configuration file a test Dovecot needs to run as any user, without root's privileges."""

from __future__ import annotations

import grp
import os
import pwd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .dovecot import Dovecot

_TEMPLATE = """\
protocols = imap pop3 lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
log_timestamp = "%Y-%m-%d %H:%M:%S "
listen = 127.0.0.1
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
first_valid_uid = 0
first_valid_gid = 0
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
auth_username_format = %Ln
auth_verbose = yes
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail/%n
mail_fsync = never
mailbox_idle_check_interval = 1 s
mail_max_userip_connections = 100
pop3_fast_size_lookups = yes
pop3_deleted_flag =
submission_host = 127.0.0.1:1

namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf.ext
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users/%n
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
service imap-login {{
  chroot =
  process_min_avail = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def mail_owner() -> tuple[int, int]:
    """Return uid and gid that own the mailboxes: ours, but Dovecot serves no mail of root's."""
    if os.getuid():
        return os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def render(server: Dovecot) -> str:
    """Return the configuration of ``server``, to be run by whoever we are."""
    uid, gid = mail_owner()
    me, my_group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    # Dovecot's login processes refuse to be root: its package brings two users for them.
    is_root = not os.getuid()
    return _TEMPLATE.format(
        folder=server.folder,
        internal_user="dovecot" if is_root else me,
        internal_group="dovecot" if is_root else my_group,
        login_user="dovenull" if is_root else me,
        uid=uid,
        gid=gid,
        imap=server.imap_port,
        imaps=server.imaps_port,
        pop3=server.pop3_port,
        pop3s=server.pop3s_port,
        lmtp=server.lmtp_port,
    )
