"""Subjects of automatic answers, in the languages of European mail programs.

``SUBJECT_SURE`` are the prefixes that Exchange, Outlook, Notes and webmailers put before the
subject they answer: no person writes them. ``SUBJECT_VAGUE`` could be a person's words ("Out of
office next week"), so something else must speak for a machine as well.
"""

from __future__ import annotations

import re

_SURE = (
    # English, German
    r"automatic reply|auto(?:matic)?[- ]?(?:reply|response|respond(?:er)?)|autoreply|auto-?re"
    r"|out of (?:the )?office(?: autoreply| auto-reply| notification)?",
    r"automatische (?:antwort|nachricht|rückantwort|e-?mail-antwort)|abwesenheits(?:notiz|nachricht"
    r"|meldung|info(?:rmation)?|assistent)|abwesend",
    # French, Spanish, Portuguese, Italian
    r"réponse automatique|reponse automatique|message (?:automatique )?d['’]absence"
    r"|notification d['’]absence|absence du bureau",
    r"respuesta automática|respuesta automatica|fuera de (?:la )?oficina|resposta automática"
    r"|ausência temporária|fora do escritório",
    r"risposta automatica|fuori (?:sede|ufficio)|assenza dall['’]ufficio",
    # Dutch, Scandinavian, Finnish, Polish, Czech, Hungarian, Romanian, Turkish, Russian
    r"automatisch (?:antwoord|bericht)|automatische reactie|afwezigheidsbericht|niet aanwezig",
    r"autosvar|automatiskt? svar|frånvaro(?:meddelande)?|fraværs(?:besked|melding)|automaattinen vastaus"
    r"|poissa",
    r"odpowiedź automatyczna|automatyczna odpowiedź|automatická odpověď|automatická odpoveď"
    r"|automatikus válasz|răspuns automat|otomatik (?:yanıt|cevap)|автоответ|автоматический ответ",
    # Japanese, Chinese, Korean
    r"自動(?:応答|返信)|自动(?:答复|回复)|自動回覆|자동 (?:회신|응답)",
)
_VAGUE = (
    r"out of (?:the )?office|vacation|on (?:holiday|leave|vacation)|away from (?:my|the)|absen[ct]e?"
    r"|urlaub|abwesen|nicht im (?:büro|haus)|außer haus|ferien|vacances|congés?|de vacaciones|ausente"
    r"|ferie|assente|vakantie|afwezig|semester|ferie|urlop|nieobecn"
    r"|(?:we|i) (?:have )?received your|thank you for (?:contacting|your)|eingangsbestätigung"
    r"|empfangsbestätigung|ihre (?:anfrage|nachricht|e-?mail) (?:an|ist)|accusé de réception"
    r"|confirmation of receipt|ticket received",
)

SUBJECT_SURE = re.compile(
    rf"^\s*(?:\[[^\]]{{1,40}}\]\s*)?(?:{'|'.join(_SURE)})\s*(?:[:：\-–]|$)", re.IGNORECASE
)
SUBJECT_VAGUE = re.compile("|".join(_VAGUE), re.IGNORECASE)
