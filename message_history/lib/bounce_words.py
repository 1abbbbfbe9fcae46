"""The words by which mail systems say that a message did not arrive.

Not a list of formats but a vocabulary: what daemons, gateways and mailbox providers write, in the
languages that reach a European company. Everything is matched without regard to letter case, on
text whose runs of white space are single blanks.
"""

from __future__ import annotations

import re


def any_of(*patterns: str) -> re.Pattern[str]:
    """Compile alternatives into one pattern that ignores letter case."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


#: A daemon writes this about a message that was given up.
FAILURE = any_of(
    # English
    (
        r"(?:could|can|was|were|been|did|is|has|have|be|will|would)\s?(?:not|n['’]t|\snever)"
        r" (?:be |been |yet been |get |successfully |being )?(?:deliver|reach|accepted|sent\b"
        r"|receive|forwarded|processed|found\b|transmitted|complete|relay|routed)"
    ),
    r"cannot (?:be )?(?:deliver|reach|accept|find|relay|route|send)",
    (
        r"(?:un|not |wasn['’]t |were not |not been |be |being |been )able to (?:be"
        r" )?(?:deliver|relay|send|reach|complete|connect|establish|find|process|route"
        r"|transmit)"
    ),
    r"unable to (?:deliver|relay|send|reach|complete|route|transmit|process|find)",
    r"undeliver(?:able|ed)",
    r"non-?deliver",
    r"not delivered",
    r"not deliverable",
    r"no longer deliverable",
    (
        r"deliver[ye]y? (?:\S{1,60} ){0,8}(?:has |have |was |were )?(?:failed|aborted|failure"
        r"|problem|error|impossible|unsuccessful|not possible|expired|timed out|rejected)"
    ),
    (
        r"failed (?:to (?:deliver|send|reach|be delivered)|permanently|recipient|address|mail"
        r"|deliver|\d+ attempts|for the following)"
    ),
    (
        r"(?:following|these|this|below|listed) (?:\S{1,60} ){0,3}(?:address|recipient|user"
        r"|destinat)\S{0,60}(?: \S{1,60}){0,4} (?:fail|reject|were rejected|error|problem|bounced"
        r"|unknown|invalid)"
    ),
    r"permanent(?:ly)? (?:\S{1,60} )?(?:error|fail|fatal|reject)",
    r"fatal (?:delivery )?error",
    r"deliver\S{0,60} (?:to|of) (?:\S{1,60} ){0,6}(?:delayed|deferred|postponed|failed|problem)",
    (
        r"(?:recipient|address|user|mailbox|account|host|domain|alias)s?(?: name)?(?:"
        r" \S{1,60}){0,5}? (?:(?:is|was|does|has|are|has been|have been|do)?\s?(?:not"
        r" (?:recogni[sz]ed|found|known|exist|listed|valid|accept|local|a valid|available"
        r"|permitted|active|have)|n['’]t (?:exist|have|found|accept)|unknown|invalid|disabled"
        r"|inactive|suspended|rejected|refused|unavailable|unreachable|over ?quota|over"
        r" (?:its |the |their |disk )?quota|full\b|exceed|closed|discontinued|expired|blocked"
        r"|no longer|undeliverable|incorrect|deleted))"
    ),
    (
        r"(?:unknown|invalid|bad|no such|illegal|unrouteable|unroutable|undeliverable"
        r"|nonexistent|non-existent|not a valid|disabled|inactive|no valid|wrong|unresolvable"
        r"|rejected|missing|ambiguous|nonexisting|unregistered) (?:\S{1,60} ){0,2}?(?:user|address"
        r"|recipient|mailbox|account|host|domain|local part|name|destination|person)"
    ),
    (
        r"no (?:mailbox|account|user|one|such|mail ?box) (?:here |by |with |at |is )?(?:by"
        r" )?(?:that|this)?"
    ),
    (
        r"(?:quota|mailbox|disk|storage|size|space)\s?(?:limit)?\s?(?:quota )?(?:has been |is"
        r" |was )?(?:exceeded|violation|overquota|full\b)"
    ),
    r"(?:exceed\S{0,60}|over|out of) (?:\S{1,60} ){0,4}(?:quota|storage|disk space|mailbox size|limit)",
    r"mailbox (?:is )?(?:full|over)",
    r"insufficient (?:system )?(?:storage|disk)",
    (
        r"(?:message|mail|email|e-mail)(?: \S{1,60}){0,6} (?:bounced|undeliver|returned to (?:the"
        r" )?sender|being returned|was returned|has been returned|was rejected|has been"
        r" rejected|rejected by|was automatically rejected|blocked|was refused|has been"
        r" refused|dropped|discarded|expired|not delivered|failed)"
    ),
    r"return(?:ed|ing) (?:message|mail|email) ?(?:to sender)?\b",
    r"returned mail",
    r"did not (?:get through|reach|arrive|receive)",
    r"has bounced",
    r"mail (?:delivery )?loop",
    r"too many hops",
    r"message looping",
    r"relay(?:ing)? (?:access )?(?:denied|not (?:allowed|permitted))",
    r"exceeded maximum delivery",
    r"retry time ?out",
    r"retries exceeded",
    r"gave up",
    r"given up",
    r"i['’]m not going to try again",
    r"not listed in",
    r"does not have a final e?mail",
    r"over(?:draft|quota)\b",
    r"account.{0,40}doesn['’]t have",
    r"not exactly match",
    r"could not find a gateway",
    r"all relevant mx records",
    r"domain (?:\S{1,60} )?(?:could ?n[o']t be found)",
    r"cannot find your recipient",
    r"isn['’]t (?:found|accepting|active|a valid)",
    r"wasn['’]t (?:found|delivered)",
    r"couldn['’]t (?:be )?(?:deliver|found|find|reach|sent)",
    r"won['’]t be delivered",
    r"permission to send",
    r"restricted to members",
    r"don['’]t have permission",
    # German
    (
        r"(?:konnte|kann|wurde|ist|konnten|können|wurden)n?\b(?: \S{1,60}){0,14} nicht (?:\S{1,60}"
        r" ){0,3}?(?:zugestellt|ausgeliefert|zustell|übermittelt|gesendet|versendet"
        r"|weitergeleitet|erreicht|gefunden|angenommen|bearbeitet|erfolgreich|bekannt"
        r"|vorhanden|verfügbar)"
    ),
    r"nicht (?:\S{1,60} )?(?:zugestellt|zustellbar|ausgeliefert|erreichbar|zustellen|übermittelt)",
    r"unzustellbar",
    r"unbekannter (?:empfänger|benutzer|nutzer)",
    r"empfänger (?:unbekannt|abgelehnt|nicht|existiert)",
    (
        r"zustell(?:ung|fehler|versuch)\S{0,60}(?: \S{1,60}){0,9} (?:fehlgeschlagen|gescheitert|nicht"
        r" möglich|abgebrochen|abgelehnt|erfolglos|nicht erfolg)"
    ),
    r"zustellfehler",
    r"fehler bei der (?:\S{1,60} )?(?:zustellung|übermittlung|auslieferung)",
    (
        r"(?:postfach|mailbox|konto)(?: \S{1,60}){0,6} (?:voll|überfüllt|überschritten|existiert"
        r" nicht|deaktiviert|gesperrt|unbekannt)"
    ),
    r"existiert (?:\S{1,60} ){0,4}nicht",
    r"nicht gefunden",
    (
        r"(?:nachricht|mail)(?: \S{1,60}){0,6} (?:zurückgewiesen|abgelehnt|zurückgesendet"
        r"|zurückgeschickt)"
    ),
    r"zustellung .{0,80}fehlgeschlagen",
    r"unzustellbarkeit",
    # French
    (
        r"n['’](?:a|ont|est|était) (?:pas |pu |pas pu )*(?:\S{1,60} )?(?:être |etre |été |ete"
        r" )?(?:remis|délivr|delivr|livr|distribu|transmis|envoy|achemin|remettre)"
    ),
    r"non (?:remis|délivr|distribu|livr)",
    r"échec de (?:la )?(?:remise|livraison|distribution|l['’]envoi)",
    (
        r"(?:destinataire|adresse|utilisateur|boîte)(?: \S{1,60}){0,5} (?:inconnu|introuvable"
        r"|inexist|n['’]existe|pleine|refus|invalide|erron)"
    ),
    r"impossible de (?:remettre|délivrer|livrer|distribuer)",
    r"utilisateur inconnu",
    r"remise impossible",
    r"pas pu etre delivre",
    # Spanish, Portuguese, Italian
    (
        r"no (?:se )?(?:ha |pudo|puede|pudieron|pudimos|fue|han|podido|hemos)(?: \S{1,60}){0,4}"
        r" (?:entreg|envi|distribu|remit|hacer llegar|encontr)"
    ),
    r"no (?:entregad|existe)",
    r"imposible (?:entregar|enviar)",
    (
        r"(?:usuario|destinatario|buzón|cuenta|usuário|destinatário|conta)(?: \S{1,60}){0,4}"
        r" (?:desconocid|llen|inexist|no existe|desconhecid|não existe|inválid|cheia)"
    ),
    r"n[ãa]o (?:p[ôo]de|foi|pode|é|conseguimos|foram)(?: \S{1,60}){0,4} (?:entreg|envi|encontr)",
    r"falha (?:na|de) (?:entrega)",
    r"não entregue",
    r"entrega (?:\S{1,60} ){0,4}(?:falhou|falló|fallid)",
    r"error (?:de|en la) entrega",
    r"error en el envío",
    r"(?:non|impossibile)(?: \S{1,60}){0,5} (?:consegn|recapit|inoltr|recapitato|spedi)",
    r"mancata consegna",
    r"mancato recapito",
    (
        r"(?:utente|destinatario|casella|indirizzo)(?: \S{1,60}){0,4} (?:sconosciut|inesist|non"
        r" esist|pien|errat|non valid)"
    ),
    # Dutch, Scandinavian, Polish, Czech
    (
        r"(?:kon|kan|is|werd|konden)(?: \S{1,60}){0,8} niet (?:\S{1,60} ){0,3}(?:bezorg|aflever"
        r"|afgeleverd|verzonden|bereikt|gevonden|worden|bezorgd)"
    ),
    r"onbestelbaar",
    r"niet (?:bezorgd|afgeleverd|bestelbaar)",
    r"(?:onbekende|ongeldige?) (?:gebruiker|ontvanger|adres)",
    (
        r"(?:kunde|kan|kunne|har) (?:\S{1,60} )?(?:inte|ikke)(?: \S{1,60}){0,3} (?:lever|nå|skick|send"
        r"|afleveres)"
    ),
    r"ikke leveret",
    r"olevererbar",
    r"går inte att leverera",
    r"kan ikke leveres",
    r"toimitus epäonnistui",
    r"ei voitu toimittaa",
    r"nie (?:może|mogła|mógł|można|zostało?|udało)(?: \S{1,60}){0,5} (?:dostarcz|doręcz|dostarczon)",
    r"niedostarcz",
    r"nedoručiteln",
    r"nebyla? doručen",
    r"nelze doručit",
    r"nem (?:sikerült )?kézbesít",
    # Russian, Turkish, Japanese, Chinese, Korean
    (
        r"не (?:может быть|может|удалось|было|была|доставлено|доставлен)(?: \S{1,60}){0,2}"
        r" ?(?:доставл|отправ)?"
    ),
    r"недоставлен",
    r"teslim edilemedi",
    r"iletilemedi",
    r"gönderilemedi",
    r"配信できません",
    r"届けることができません",
    r"配送できません",
    r"送信できません",
    r"エラー.{0,20}返送",
    r"配信不能",
    r"不在です",
    r"存在しません",
    r"無法(?:傳送|傳遞|投遞|送達)",
    r"无法(?:投递|发送|送达|传递)",
    r"退信",
    r"未送达",
    r"投递失败",
    r"发送失败",
    r"不存在",
    r"전송(?:되지|실패)",
    r"배달(?:되지|할 수 없)",
)

#: The server that writes goes on trying, or says so.
DELAY = any_of(
    r"(?:has|have) not (?:yet )?been (?:delivered|sent) (?:to|after|because|yet|in)",
    r"not yet been delivered",
    r"still (?:being |be )?(?:in the queue|trying|retr|attempt|undelivered)",
    r"warning message only",
    r"no need to (?:resend|retry)",
    r"do not need to (?:resend|do anything)",
    r"(?:will|to) (?:be retried|keep trying|continue (?:to )?(?:try|attempt|trying|retry))",
    r"delivery attempts will continue",
    (
        r"(?<!further )(?<!further delivery )(?<!more )attempts (?:to deliver|will)(?:"
        r" \S{1,60}){0,6} (?:continue|be made)"
    ),
    (
        r"(?:delivery|message|mail|nachricht|e-mail)(?: \S{1,60}){0,9} (?:is |has been |was |been"
        r" )?(?:delayed|postponed|deferred)\b"
    ),
    r"delivery delay",
    r"delayed (?:mail|message|delivery)",
    r"will try (?:again|to deliver)",
    r"we['’]ll (?:keep trying|continue)",
    r"retry for",
    r"temporarily deferred",
    r"verzögert",
    r"verzögerung",
    r"noch nicht (?:zugestellt|ausgeliefert)",
    r"wird weiter(?:hin)? versuch",
    r"weitere zustellversuche",
    r"erneut versucht",
    r"zustellung .{0,40}verspätet",
    r"retardé",
    r"pas encore été (?:remis|délivr|livr)",
    r"(?:en|demora|demorad|retrasad)o? (?:de )?entrega",
    r"aún no se ha",
    r"non è ancora stat",
    r"ritardat",
    r"nog niet (?:bezorgd|afgeleverd)",
    r"vertraagd",
)

#: Nobody tries any more, whatever else the words say.
FINAL = any_of(
    r"permanent(?:ly)? (?:\S{1,60} )?(?:error|fail|fatal|reject)",
    r"no (?:further|more) (?:delivery )?attempts",
    r"given up",
    r"giving up",
    r"gave up",
    r"not going to try again",
    r"failed permanently",
    r"endgültig",
)

#: The mailbox is full: refused for good by many servers, though the address is right.
FULL = any_of(
    r"quota",
    (
        r"(?:mailbox|inbox|account|postfach|casella|buzón|boîte)\b.{0,30}\b(?:full|voll|pien"
        r"|llen|pleine|überfüllt)"
    ),
    r"insufficient (?:system )?storage",
    r"out of (?:disk )?space",
    r"disk full",
    r"exceed\w{0,6} (?:\S{1,60} ){0,4}(?:limit|storage|space)",
    r"speicher(?:platz)?\b.{0,30}(?:überschritten|erschöpft|voll)",
)

#: Given up, or not accepted, for a reason that may pass.
PASSING = any_of(
    r"temporar",
    r"try again",
    r"later\b.{0,15}retry",
    r"greylist",
    r"graylist",
    r"rate limit",
    r"too many (?:connections|messages|recipients)",
    r"timed? ?out",
    r"expired",
    r"in the queue too long",
    r"retr(?:y|ies).{0,30}exceed",
    r"connection (?:refused|reset|lost|failed)",
    r"did not respond",
    r"not respond",
    r"unavailable or busy",
    r"vorübergehend",
    r"zeitüberschreitung",
)
