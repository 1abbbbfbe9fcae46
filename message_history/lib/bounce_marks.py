"""The marks that give a report its shape: subjects, separators, labels, codes, daemons.

Matched like :mod:`.bounce_words`, line by line.
"""

from __future__ import annotations

import re

from .bounce_words import any_of

#: Subjects that hardly anything but a report has.
SUBJECT = any_of(
    r"^undeliver(?:able|ed)",
    r"undelivered mail",
    r"^unzustellbar",
    r"unzustellbare? (?:nachricht|mail|e-mail)",
    (
        r"delivery (?:status )?(?:notification|report|failure|failed|problem|error|has failed"
        r"|delayed)"
    ),
    r"deliver[yi]\S{0,60} (?:\S{1,60} ){0,3}(?:fail|error|problem|warning|impossible|delayed)",
    (
        r"(?:mail|message|e-?mail)(?: \S{1,60}){0,5} (?:(?:delivery|system) )?(?:fail|error"
        r"|undeliver|not (?:be )?deliver|could not|couldn['’]t|returned|rejected|bounced"
        r"|delayed|blocked)"
    ),
    r"^failure notice",
    r"failure delivery",
    r"^returned (?:mail|e-?mail|message)",
    r"returning message to sender",
    r"return(?:ed)? to sender",
    r"^non[- ]?deliver",
    r"nondeliverable",
    r"^bounced?\b",
    r"processing error",
    r"^mail failed",
    r"user unknown",
    r"unknown user",
    r"no such user",
    r"not be delivered",
    r"automatically rejected",
    r"^warning: (?:could not send|message|\S{1,60}@\S{1,60})",
    r"^ndn:",
    r"^rejected:",
    r"^not delivered",
    r"^failed mail",
    r"^delayed:",
    r"^failed:",
    r"^mail error",
    r"error during delivery",
    r"has expired and",
    r"^permanent error",
    r"nicht (?:zugestellt|zustellbar|zugestellbar)",
    r"zustell(?:ung|fehler|status)",
    r"unzustellbarkeit",
    r"fehlgeschlagen",
    r"mail konnte nicht",
    r"fehler bei der zustellung",
    r"benachrichtigung (?:zum|über)",
    r"non remis",
    r"échec de (?:la )?remise",
    r"non[- ]distribu",
    r"remise (?:différée|impossible)",
    r"notification d['’]état",
    r"rapport de non",
    r"correo (?:no entregado|devuelto)",
    r"no se puede entregar",
    r"no entregado",
    r"entrega fallida",
    r"não (?:entregue|é possível entregar)",
    r"falha na entrega",
    r"notificação de",
    r"mancat[ao] (?:consegna|recapito)",
    r"non recapitabile",
    r"impossibile recapitare",
    r"onbestelbaar",
    r"niet bezorgd",
    r"olevererbar",
    r"ikke leveret",
    r"kan ikke leveres",
    r"niedostarczon",
    r"nedoručiteln",
    r"недоставлен",
    r"не (?:может быть )?доставлен",
    r"не доставлено",
    r"配信不能",
    r"配信できません",
    r"未達",
    r"退信",
    r"无法投递",
    r"系统退信",
    r"无法传递",
    r"無法傳遞",
    r"iletilemedi",
    r"teslim edilemedi",
)

#: What stands between a daemon's words and the message it returns.
SEPARATOR = any_of(
    (
        r"^(?=[^\w\n]*--)\W*(?:\w+\W+){0,9}?(?:original|returned|unsent|message text"
        r"|message headers?|undelivered|originalnachricht|header|mail follow|copy of|kopie"
        r"|copie|copia|attached)"
    ),
    (
        r"^(?!.*(?:receive|failed|recipient)).*(?:copy|header|headers|text|part|top|first"
        r"|beginning|lines|body) of (?:the |your |this )?(?:original |returned |undelivered "
        r"|e-?mail |mail )?(?:message|mail|e-mail)(?:'s)?\b.{0,60}(?:follow|below|:\s*$|-{2,}"
        r"|\.\s*$|attached|line)"
    ),
    (
        r"(?:original|returned|unsent|your|undelivered) (?:message|mail|e-?mail)(?: headers?|"
        r" text| body| details| information)? ?(?:as received )?(?:follows?|below|reads|is as"
        r" follows|is attached|is included|attached|\(truncated\))"
    ),
    r"^[\s-]*original(?: message)? headers? ?:",
    r"^message headers? follow",
    r"^-+ ?original message ?-+",
    r"first \d+ lines of",
    r"below (?:this|the next) line is",
    r"message header follows",
    r"^message (?:contents|details) follow",
    r"^-+ message (?:text|header)",
    (
        r"ursprüngliche (?:nachricht|mail|e-mail)(?:enkopf|s?kopf(?:zeilen)?)?\s*(?::\s*$"
        r"|-{2,}|folgt)"
    ),
    r"^[\s-]*original ?nachricht(?: folgt)?[\s:-]*$",
    r"kopie (?:der|ihrer) (?:\S{1,60} )?(?:nachricht|mail)",
    r"ursprüngliche nachrichtenkopfzeilen",
    r"kopfzeilen der (?:\S{1,60} )?nachricht",
    r"header der ursprünglichen",
    r"en-têtes? (?:du|de) message",
    r"mensaje original",
    r"messaggio originale",
    r"message d['’]origine",
    r"encabezados de mensaje",
    r"oorspronkelijk bericht",
)

#: A line that opens or labels a list of the recipients concerned.
RECIPIENT_LABEL = any_of(
    (
        r"(?:failed|intended|undeliverable|invalid|bad|rejected|final|original|affected"
        r"|following|bounced|unknown|delivery to(?: the)?|did not reach(?: the)?|for"
        r" the)\b.{0,40}(?:recipient|address|user|mailbox|destinat)"
    ),
    (
        r"^\W{0,6}(?:failed |final |original |intended )?(?:recipients?|address(?:es)?|rcpt"
        r"|user|to user|mailbox|empfänger(?:adresse)?|adressat|an|destinataires?|destinatario"
        r"|error-for|e-?mail|rcpt to|addressed to|delivered to|ontvanger|odbiorca|mottagare"
        r"|local user)\W{0,3}[:=<(\[]"
    ),
    (
        r"(?:folgende[nr]?|diese[nr]?|nachstehende[nr]?)\b.{0,40}(?:empfänger|adresse"
        r"|benutzer|person)"
    ),
    r"(?:destinataires?|adresses?) suivant",
    r"siguientes? (?:\S{1,60} )?(?:destinatario|direcci|persona)",
    r"seguent[ei] (?:\S{1,60} )?(?:destinatar|indirizz)",
    r"(?:seguintes?) (?:\S{1,60} )?(?:destinat|endere)",
    r"volgende (?:\S{1,60} )?(?:ontvanger|adres|geadresseerde)",
    r"følgende",
    r"följande",
    r"następując",
    r"(?:message|mail|nachricht)(?: \S{1,60}){0,3} (?:to|an|für)\b\W{0,3}$",
    r"deliver\S{0,60} to\b\W{0,3}$",
    r"could not be delivered to",
    r"not delivered to",
    r"undeliverable to",
    r"originally addressed to",
    r"generated from",
    r"rcpt to:",
)

#: A line whose addresses are those of somebody who helps, wrote, or carries.
BYSTANDER = any_of(
    (
        r"\b(?:contact|questions?|assistance|help|support|administrator|webmaster|please"
        r" (?:e-?mail|write|send)|notif(?:y|ied)|report(?:ed)? (?:this|to)|complain|sender"
        r"|mail from|sent by|reply-?to|from:|on behalf of|envelope-from|return-path"
        r"|unsubscribe|message-id|references|in-reply-to|x-mailer|generating server|dsn"
        r" generated|posted by|forward(?:ed|ing)? this|alternative)\b"
    ),
    (
        r"\b(?:kontakt|wenden|fragen|absender|von:|hilfe|rückfragen|contact(?:ez|er)"
        r"|expéditeur|mittente|remitente|afzender|de:|da:)\b"
    ),
)

#: A server's answer: enhanced status (RFC 3463) or reply code (RFC 5321).
STATUS_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
REPLY_CODE = re.compile(
    r"(?<![\d.@:-])([45][0-5]\d)(?=[\s-]+(?!hour|hour|day|byte|min|sec|line|kb)\S)"
)

#: Local parts and names under which mail systems write.
DAEMON_LOCAL = re.compile(
    r"^(?:mailer[-_.]?daemon|post[-_.]?master|postoffice|mail[-_.]?daemon|mdaemon|mail[-_.]?deliver\S{0,60}"
    r"|mailsystem|mail-?system|microsoftexchange[0-9a-f]{20,}|ndr|bounces?|bounced?-?mail|dsn"
    r"|mailerdaemon|double-bounce|mta|smtp-?daemon|e500_smtp\S{0,60}|imss|system\S{0,2}administrator"
    r"|delivery\S{0,60}|returned-?mail|no-?reply-?bounce"
    r"|\S{0,40}(?:smtp|mail)[-_.]?gateways?|\S{0,40}anti-?virus\S{0,40})(?:[-+_\\].*)?$",
    re.IGNORECASE,
)
#: Those of them that people, shops and departments have, too.
DAEMON_VAGUE = re.compile(r"^(?:postoffice|bounces?|mta|delivery\S{0,60})(?:[-+_\\].*)?$", re.IGNORECASE)
DAEMON_NAME = re.compile(
    r"mail(?:er)?[ _-]?(?:delivery|daemon|system|administrator)|delivery (?:sub)?system"
    r"|^post-?master|^system ?administrator|^microsoft (?:outlook|exchange)|mail deliver"
    r"|^jetmail system|mail ?server|smtp (?:server|gateway)|amazonses|^bounced? (?:mail|message)|non-delivery",
    re.IGNORECASE,
)

#: Local parts of machines that read no answers.
NO_REPLY = re.compile(
    r"^(?:no|do-?not|dont|nicht|keine|nao|ne-pas)[-_.]?"
    r"(?:reply|replies|respond|response|antwort(?:en)?|answer|repond\w*|responder?)\b|^noreply|^donotreply",
    re.IGNORECASE,
)
