"""The words by which mail systems say that a message did not arrive.

Not a list of formats but a vocabulary: what daemons, gateways and mailbox providers write, in the
languages that reach a European company. Everything is matched without regard to letter case, on
text whose runs of white space are single blanks.
"""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


#: A daemon writes this about a message that was given up.
FAILURE = _any(
    # English
    r"(?:could|can|was|were|been|did|is|has|have|be|will|would)\s?(?:not|n['’]t|\snever)"
    r" (?:be |been |yet been |get |successfully |being )?"
    r"(?:deliver|reach|accepted|sent\b|receive|forwarded|processed|found\b|transmitted"
    r"|complete|relay|routed)",
    r"cannot (?:be )?(?:deliver|reach|accept|find|relay|route|send)",
    r"(?:un|not |wasn['’]t |were not |not been |be |being |been )able to (?:be )?"
    r"(?:deliver|relay|send|reach|complete|connect|establish|find|process|route|transmit)",
    r"unable to (?:deliver|relay|send|reach|complete|route|transmit|process|find)",
    r"undeliver(?:able|ed)|non-?deliver|not delivered|not deliverable|no longer deliverable",
    r"deliver[ye]y? (?:\S+ ){0,8}(?:has |have |was |were )?(?:failed|aborted|failure|problem|error"
    r"|impossible|unsuccessful|not possible|expired|timed out|rejected)",
    r"failed (?:to (?:deliver|send|reach|be delivered)|permanently|recipient|address|mail"
    r"|deliver|\d+ attempts|for the following)",
    r"(?:following|these|this|below|listed) (?:\S+ ){0,3}(?:address|recipient|user|destinat)\S*"
    r"(?: \S+){0,4} (?:fail|reject|were rejected|error|problem|bounced|unknown|invalid)",
    r"permanent(?:ly)? (?:\S+ )?(?:error|fail|fatal|reject)|fatal (?:delivery )?error",
    r"deliver\S* (?:to|of) (?:\S+ ){0,6}(?:delayed|deferred|postponed|failed|problem)",
    r"(?:recipient|address|user|mailbox|account|host|domain|alias)s?(?: name)?(?: \S+){0,5}?"
    r" (?:(?:is|was|does|has|are|has been|have been|do)?\s?(?:not (?:recogni[sz]ed|found|known"
    r"|exist|listed|valid|accept|local|a valid|available|permitted|active|have)"
    r"|n['’]t (?:exist|have|found|accept)|unknown|invalid|disabled|inactive|suspended|rejected"
    r"|refused|unavailable|unreachable|over ?quota|over (?:its |the |their |disk )?quota|full\b"
    r"|exceed|closed|discontinued|expired|blocked|no longer|undeliverable|incorrect|deleted))",
    r"(?:unknown|invalid|bad|no such|illegal|unrouteable|unroutable|undeliverable|nonexistent"
    r"|non-existent|not a valid|disabled|inactive|no valid|wrong|unresolvable|rejected|missing"
    r"|ambiguous|nonexisting|unregistered) (?:\S+ ){0,2}?"
    r"(?:user|address|recipient|mailbox|account|host|domain|local part|name|destination|person)",
    r"no (?:mailbox|account|user|one|such|mail ?box) (?:here |by |with |at |is )?(?:by )?(?:that|this)?",
    r"(?:quota|mailbox|disk|storage|size|space)\s?(?:limit)?\s?(?:quota )?(?:has been |is |was )?"
    r"(?:exceeded|violation|overquota|full\b)|(?:exceed\S*|over|out of) (?:\S+ ){0,4}"
    r"(?:quota|storage|disk space|mailbox size|limit)|mailbox (?:is )?(?:full|over)"
    r"|insufficient (?:system )?(?:storage|disk)",
    r"(?:message|mail|email|e-mail)(?: \S+){0,6} (?:bounced|undeliver|returned to (?:the )?sender"
    r"|being returned|was returned|has been returned|was rejected|has been rejected|rejected by"
    r"|was automatically rejected|blocked|was refused|has been refused|dropped|discarded|expired"
    r"|not delivered|failed)",
    r"return(?:ed|ing) (?:message|mail|email) ?(?:to sender)?\b|returned mail",
    r"did not (?:get through|reach|arrive|receive)|has bounced|mail (?:delivery )?loop|too many hops"
    r"|message looping|relay(?:ing)? (?:access )?(?:denied|not (?:allowed|permitted))"
    r"|exceeded maximum delivery|retry time ?out|retries exceeded|gave up|given up"
    r"|i['’]m not going to try again|not listed in|does not have a final e?mail"
    r"|over(?:draft|quota)\b|account.{0,40}doesn['’]t have|not exactly match"
    r"|could not find a gateway|all relevant mx records|domain (?:\S+ )?(?:could ?n[o']t be found)"
    r"|cannot find your recipient|isn['’]t (?:found|accepting|active|a valid)"
    r"|wasn['’]t (?:found|delivered)|couldn['’]t (?:be )?(?:deliver|found|find|reach|sent)"
    r"|won['’]t be delivered|permission to send|restricted to members|don['’]t have permission",
    # German
    r"(?:konnte|kann|wurde|ist|konnten|können|wurden)n?\b(?: \S+){0,14} nicht"
    r" (?:\S+ ){0,3}?(?:zugestellt|ausgeliefert|zustell|übermittelt|gesendet|versendet|weitergeleitet"
    r"|erreicht|gefunden|angenommen|bearbeitet|erfolgreich|bekannt|vorhanden|verfügbar)",
    r"nicht (?:\S+ )?(?:zugestellt|zustellbar|ausgeliefert|erreichbar|zustellen|übermittelt)",
    r"unzustellbar|unbekannter (?:empfänger|benutzer|nutzer)|empfänger (?:unbekannt|abgelehnt"
    r"|nicht|existiert)|zustell(?:ung|fehler|versuch)\S*(?: \S+){0,9} (?:fehlgeschlagen|gescheitert"
    r"|nicht möglich|abgebrochen|abgelehnt|erfolglos|nicht erfolg)|zustellfehler"
    r"|fehler bei der (?:\S+ )?(?:zustellung|übermittlung|auslieferung)"
    r"|(?:postfach|mailbox|konto)(?: \S+){0,6} (?:voll|überfüllt|überschritten|existiert nicht"
    r"|deaktiviert|gesperrt|unbekannt)|existiert (?:\S+ ){0,4}nicht|nicht gefunden"
    r"|(?:nachricht|mail)(?: \S+){0,6} (?:zurückgewiesen|abgelehnt|zurückgesendet|zurückgeschickt)"
    r"|zustellung .{0,80}fehlgeschlagen|unzustellbarkeit",
    # French
    r"n['’](?:a|ont|est|était) (?:pas |pu |pas pu )*(?:\S+ )?(?:être |etre |été |ete )?"
    r"(?:remis|délivr|delivr|livr|distribu|transmis|envoy|achemin|remettre)",
    r"non (?:remis|délivr|distribu|livr)|échec de (?:la )?(?:remise|livraison|distribution|l['’]envoi)"
    r"|(?:destinataire|adresse|utilisateur|boîte)(?: \S+){0,5} (?:inconnu|introuvable|inexist"
    r"|n['’]existe|pleine|refus|invalide|erron)|impossible de (?:remettre|délivrer|livrer|distribuer)"
    r"|utilisateur inconnu|remise impossible|pas pu etre delivre",
    # Spanish, Portuguese, Italian
    r"no (?:se )?(?:ha |pudo|puede|pudieron|pudimos|fue|han|podido|hemos)(?: \S+){0,4} (?:entreg|envi|"
    r"distribu|remit|hacer llegar|encontr)|no (?:entregad|existe)|imposible (?:entregar|enviar)"
    r"|(?:usuario|destinatario|buzón|cuenta|usuário|destinatário|conta)(?: \S+){0,4}"
    r" (?:desconocid|llen|inexist|no existe|desconhecid|não existe|inválid|cheia)",
    r"n[ãa]o (?:p[ôo]de|foi|pode|é|conseguimos|foram)(?: \S+){0,4} (?:entreg|envi|encontr)"
    r"|falha (?:na|de) (?:entrega)|não entregue|entrega (?:\S+ ){0,4}(?:falhou|falló|fallid)"
    r"|error (?:de|en la) entrega|error en el envío",
    r"(?:non|impossibile)(?: \S+){0,5} (?:consegn|recapit|inoltr|recapitato|spedi)"
    r"|mancata consegna|mancato recapito|(?:utente|destinatario|casella|indirizzo)(?: \S+){0,4}"
    r" (?:sconosciut|inesist|non esist|pien|errat|non valid)",
    # Dutch, Scandinavian, Polish, Czech
    r"(?:kon|kan|is|werd|konden)(?: \S+){0,8} niet (?:\S+ ){0,3}(?:bezorg|aflever|afgeleverd"
    r"|verzonden|bereikt|gevonden|worden|bezorgd)|onbestelbaar|niet (?:bezorgd|afgeleverd|bestelbaar)"
    r"|(?:onbekende|ongeldige?) (?:gebruiker|ontvanger|adres)",
    r"(?:kunde|kan|kunne|har) (?:\S+ )?(?:inte|ikke)(?: \S+){0,3} (?:lever|nå|skick|send|afleveres)"
    r"|ikke leveret|olevererbar|går inte att leverera|kan ikke leveres|toimitus epäonnistui"
    r"|ei voitu toimittaa",
    r"nie (?:może|mogła|mógł|można|zostało?|udało)(?: \S+){0,5} (?:dostarcz|doręcz|dostarczon)"
    r"|niedostarcz|nedoručiteln|nebyla? doručen|nelze doručit|nem (?:sikerült )?kézbesít",
    # Russian, Turkish, Japanese, Chinese, Korean
    r"не (?:может быть|может|удалось|было|была|доставлено|доставлен)(?: \S+){0,2} ?(?:доставл|отправ)?"
    r"|недоставлен|teslim edilemedi|iletilemedi|gönderilemedi",
    r"配信できません|届けることができません|配送できません|送信できません|エラー.{0,20}返送|配信不能"
    r"|不在です|存在しません|無法(?:傳送|傳遞|投遞|送達)|无法(?:投递|发送|送达|传递)|退信|未送达"
    r"|投递失败|发送失败|不存在|전송(?:되지|실패)|배달(?:되지|할 수 없)",
)

#: The server that writes goes on trying, or says so.
DELAY = _any(
    r"(?:has|have) not (?:yet )?been (?:delivered|sent) (?:to|after|because|yet|in)",
    r"not yet been delivered|still (?:being |be )?(?:in the queue|trying|retr|attempt|undelivered)",
    r"warning message only|no need to (?:resend|retry)|do not need to (?:resend|do anything)",
    r"(?:will|to) (?:be retried|keep trying|continue (?:to )?(?:try|attempt|trying|retry))",
    r"delivery attempts will continue|attempts (?:to deliver|will)(?: \S+){0,6} (?:continue|be made)",
    r"(?:delivery|message|mail|nachricht|e-mail)(?: \S+){0,9} (?:is |has been |was |been )?"
    r"(?:delayed|postponed|deferred)\b|delivery delay|delayed (?:mail|message|delivery)",
    r"will try (?:again|to deliver)|we['’]ll (?:keep trying|continue)|retry for|temporarily deferred",
    r"verzögert|verzögerung|noch nicht (?:zugestellt|ausgeliefert)|wird weiter(?:hin)? versuch"
    r"|weitere zustellversuche|erneut versucht|zustellung .{0,40}verspätet",
    r"retardé|pas encore été (?:remis|délivr|livr)|(?:en|demora|demorad|retrasad)o? (?:de )?entrega"
    r"|aún no se ha|non è ancora stat|ritardat|nog niet (?:bezorgd|afgeleverd)|vertraagd",
)

#: Given up, or not accepted, for a reason that may pass.
PASSING = _any(
    r"quota|(?:mailbox|inbox|account|postfach|casella|buzón|boîte)\b.{0,30}\b(?:full|voll|pien|llen|pleine"
    r"|überfüllt)|insufficient (?:system )?storage|out of (?:disk )?space|disk full|exceeded storage",
    r"temporar|try again|later\b.{0,15}retry|greylist|graylist|rate limit|too many (?:connections|"
    r"messages|recipients)|timed? ?out|expired|in the queue too long|retr(?:y|ies).{0,30}exceed"
    r"|connection (?:refused|reset|lost|failed)|did not respond|not respond|unavailable or busy",
    r"vorübergehend|überschritten|plein|zeitüberschreitung",
)

#: Subjects that hardly anything but a report has.
SUBJECT = _any(
    r"^undeliver(?:able|ed)|undelivered mail|^unzustellbar|unzustellbare? (?:nachricht|mail|e-mail)",
    r"delivery (?:status )?(?:notification|report|failure|failed|problem|error|has failed|delayed)",
    r"deliver[yi]\S* (?:\S+ ){0,3}(?:fail|error|problem|warning|impossible|delayed)",
    r"(?:mail|message|e-?mail)(?: \S+){0,5} (?:(?:delivery|system) )?(?:fail|error|undeliver|not"
    r" (?:be )?deliver|could not|couldn['’]t|returned|rejected|bounced|delayed|blocked)",
    r"^failure notice|failure delivery|^returned (?:mail|e-?mail|message)|returning message to sender"
    r"|return(?:ed)? to sender|^non[- ]?deliver|nondeliverable|^bounced?\b|processing error"
    r"|^mail failed|user unknown|unknown user|no such user|not be delivered|automatically rejected"
    r"|^warning: (?:could not send|message|\S+@\S+)|^ndn:|^rejected:|^not delivered|^failed mail"
    r"|^delayed:|^failed:|^mail error|error during delivery|has expired and|^permanent error",
    r"nicht (?:zugestellt|zustellbar|zugestellbar)|zustell(?:ung|fehler|status)|unzustellbarkeit"
    r"|fehlgeschlagen|mail konnte nicht|fehler bei der zustellung|benachrichtigung (?:zum|über)",
    r"non remis|échec de (?:la )?remise|non[- ]distribu|remise (?:différée|impossible)"
    r"|notification d['’]état|rapport de non|correo (?:no entregado|devuelto)|no se puede entregar"
    r"|no entregado|entrega fallida|não (?:entregue|é possível entregar)|falha na entrega"
    r"|notificação de|mancat[ao] (?:consegna|recapito)|non recapitabile|impossibile recapitare"
    r"|onbestelbaar|niet bezorgd|olevererbar|ikke leveret|kan ikke leveres|niedostarczon|nedoručiteln"
    r"|недоставлен|не (?:может быть )?доставлен|не доставлено|配信不能|配信できません|未達|退信|无法投递"
    r"|系统退信|无法传递|無法傳遞|iletilemedi|teslim edilemedi",
)

#: What stands between a daemon's words and the message it returns.
SEPARATOR = _any(
    r"^[\s>*=_|+-]*-{2,}.{0,60}(?:original|returned|unsent|message text|message headers?|"
    r"undelivered|originalnachricht|header|mail follow|copy of|kopie|copie|copia|attached)",
    r"^(?!.*(?:receive|failed|recipient)).*(?:copy|header|headers|text|part|top|first|beginning|lines|body) of (?:the |your |this )?"
    r"(?:original |returned |undelivered |e-?mail |mail )?"
    r"(?:message|mail|e-mail)(?:'s)?\b.{0,60}(?:follow|below|:\s*$|-{2,}|\.\s*$|attached|line)",
    r"(?:original|returned|unsent|your|undelivered) (?:message|mail|e-?mail)"
    r"(?: headers?| text| body| details| information)? ?(?:as received )?"
    r"(?:follows?|below|reads|is as follows|is attached|is included|attached|\(truncated\))",
    r"^[\s-]*original(?: message)? headers? ?:|^message headers? follow|^-+ ?original message ?-+"
    r"|first \d+ lines of|below (?:this|the next) line is|message header follows"
    r"|^message (?:contents|details) follow|^-+ message (?:text|header)",
    r"ursprüngliche (?:nachricht|mail|e-mail)(?:enkopf|s?kopf(?:zeilen)?)?\s*(?::\s*$|-{2,}|folgt)"
    r"|^[\s-]*original ?nachricht(?: folgt)?[\s:-]*$|kopie (?:der|ihrer) (?:\S+ )?(?:nachricht|mail)"
    r"|ursprüngliche nachrichtenkopfzeilen|kopfzeilen der (?:\S+ )?nachricht"
    r"|header der ursprünglichen|en-têtes? (?:du|de) message|mensaje original|messaggio originale"
    r"|message d['’]origine|encabezados de mensaje|oorspronkelijk bericht",
)

#: A line that opens or labels a list of the recipients concerned.
RECIPIENT_LABEL = _any(
    r"(?:failed|intended|undeliverable|invalid|bad|rejected|final|original|affected|following|bounced"
    r"|unknown|delivery to(?: the)?|did not reach(?: the)?|for the)\b.{0,40}"
    r"(?:recipient|address|user|mailbox|destinat)",
    r"^\W{0,6}(?:failed |final |original |intended )?(?:recipients?|address(?:es)?|rcpt|user|to user"
    r"|mailbox|empfänger(?:adresse)?|adressat|an|destinataires?|destinatario|error-for|e-?mail"
    r"|rcpt to|addressed to|delivered to|ontvanger|odbiorca|mottagare|local user)\W{0,3}[:=<(\[]",
    r"(?:folgende[nr]?|diese[nr]?|nachstehende[nr]?)\b.{0,40}(?:empfänger|adresse|benutzer|person)"
    r"|(?:destinataires?|adresses?) suivant|siguientes? (?:\S+ )?(?:destinatario|direcci|persona)"
    r"|seguent[ei] (?:\S+ )?(?:destinatar|indirizz)|(?:seguintes?) (?:\S+ )?(?:destinat|endere)"
    r"|volgende (?:\S+ )?(?:ontvanger|adres|geadresseerde)|følgende|följande|następując",
    r"(?:message|mail|nachricht)(?: \S+){0,3} (?:to|an|für)\b\W{0,3}$|deliver\S* to\b\W{0,3}$"
    r"|could not be delivered to|not delivered to|undeliverable to|originally addressed to"
    r"|generated from|rcpt to:",
)

#: A line whose addresses are those of somebody who helps, wrote, or carries.
BYSTANDER = _any(
    r"\b(?:contact|questions?|assistance|help|support|administrator|webmaster|please (?:e-?mail|write|send)"
    r"|notif(?:y|ied)|report(?:ed)? (?:this|to)|complain|sender|mail from|sent by|reply-?to|from:"
    r"|on behalf of|envelope-from|return-path|unsubscribe|message-id|references|in-reply-to|x-mailer"
    r"|generating server|dsn generated|posted by|forward(?:ed|ing)? this|alternative)\b",
    r"\b(?:kontakt|wenden|fragen|absender|von:|hilfe|rückfragen|contact(?:ez|er)|expéditeur"
    r"|mittente|remitente|afzender|de:|da:)\b",
)

#: A server's answer: enhanced status (RFC 3463) or reply code (RFC 5321).
STATUS_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
REPLY_CODE = re.compile(r"(?<![\d.@:-])([45][0-5]\d)(?=[\s-]+(?!hour|hour|day|byte|min|sec|line|kb)\S)")

#: Local parts and names under which mail systems write.
DAEMON_LOCAL = re.compile(
    r"^(?:mailer[-_.]?daemon|post-?master|postoffice|mail[-_.]?daemon|mdaemon|mail[-_.]?deliver\S*"
    r"|mailsystem|mail-?system|microsoftexchange[0-9a-f]{20,}|ndr|bounces?|bounced?-?mail|dsn"
    r"|mailerdaemon|double-bounce|mta|smtp-?daemon|e500_smtp\S*|imss|system\S{0,2}administrator"
    r"|delivery\S*|returned-?mail|no-?reply-?bounce)(?:[-+_\\].*)?$",
    re.IGNORECASE,
)
DAEMON_NAME = re.compile(
    r"mail(?:er)?[ _-]?(?:delivery|daemon|system|administrator)|delivery (?:sub)?system|^post-?master"
    r"|^system ?administrator|^microsoft (?:outlook|exchange)|mail deliver|^jetmail system|systemadministrator"
    r"|mail ?server|smtp (?:server|gateway)|amazonses|^bounce|non-delivery",
    re.IGNORECASE,
)
