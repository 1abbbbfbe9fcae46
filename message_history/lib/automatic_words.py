"""Subjects of automatic answers, in the languages of European mail programs.

``SUBJECT_SURE`` are the prefixes that Exchange, Outlook, Notes and webmailers put before the
subject they answer: no person writes them. ``SUBJECT_VAGUE`` could be a person's words ("Out of
office next week"), so something else must speak for a machine as well.
"""

from __future__ import annotations

import re

_SURE = (
    # English, German
    r"automatic reply",
    r"auto(?:matic)?[- ]?(?:reply|response|respond(?:er)?)",
    r"autoreply",
    r"auto-?re",
    r"out of (?:the )?office(?: autoreply| auto-reply| notification)?",
    r"automatische (?:antwort|nachricht|rückantwort|e-?mail-antwort)",
    r"abwesenheits(?:notiz|nachricht|meldung|info(?:rmation)?|assistent)",
    r"abwesend",
    # French, Spanish, Portuguese, Italian
    r"réponse automatique",
    r"reponse automatique",
    r"message (?:automatique )?d['’]absence",
    r"notification d['’]absence",
    r"absence du bureau",
    r"respuesta automática",
    r"respuesta automatica",
    r"fuera de (?:la )?oficina",
    r"resposta automática",
    r"ausência temporária",
    r"fora do escritório",
    r"risposta automatica",
    r"fuori (?:sede|ufficio)",
    r"assenza dall['’]ufficio",
    # Dutch, Scandinavian, Finnish, Polish, Czech, Hungarian, Romanian, Turkish, Russian
    r"automatisch (?:antwoord|bericht)",
    r"automatische reactie",
    r"afwezigheidsbericht",
    r"niet aanwezig",
    r"autosvar",
    r"automatiskt? svar",
    r"frånvaro(?:meddelande)?",
    r"fraværs(?:besked|melding)",
    r"automaattinen vastaus",
    r"poissa",
    r"odpowiedź automatyczna",
    r"automatyczna odpowiedź",
    r"automatická odpověď",
    r"automatická odpoveď",
    r"automatikus válasz",
    r"răspuns automat",
    r"otomatik (?:yanıt|cevap)",
    r"автоответ",
    r"автоматический ответ",
    # Japanese, Chinese, Korean
    r"自動(?:応答|返信)",
    r"自动(?:答复|回复)",
    r"自動回覆",
    r"자동 (?:회신|응답)",
)
_VAGUE = (
    r"out of (?:the )?office",
    r"vacation",
    r"on (?:holiday|leave|vacation)",
    r"away from (?:my|the)",
    r"absen[ct]e?",
    r"urlaub",
    r"abwesen",
    r"nicht im (?:büro|haus)",
    r"außer haus",
    r"ferien",
    r"vacances",
    r"congés?",
    r"de vacaciones",
    r"ausente",
    r"ferie",
    r"assente",
    r"vakantie",
    r"afwezig",
    r"semester",
    r"ferie",
    r"urlop",
    r"nieobecn",
    r"(?:we|i) (?:have )?received your",
    r"thank you for (?:contacting|your)",
    r"eingangsbestätigung",
    r"empfangsbestätigung",
    r"ihre (?:anfrage|nachricht|e-?mail) (?:an|ist)",
    r"accusé de réception",
    r"confirmation of receipt",
    r"ticket received",
)

SUBJECT_SURE = re.compile(
    rf"^\s*(?:\[[^\]]{{1,40}}\]\s*)?\[?(?:{'|'.join(_SURE)})\s*(?:[:：\-–\]]|$)", re.IGNORECASE
)
SUBJECT_VAGUE = re.compile("|".join(_VAGUE), re.IGNORECASE)
