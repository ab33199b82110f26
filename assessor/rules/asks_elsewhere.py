"""Whether a text asks for something in a language other than English: by words that bind there, or an order at a sentence's start.

Only what hardly stands in a description is listed; a text of which this cannot be told asks for nothing.
"""

import re

_ANYWHERE = (
    # German
    r"niemals|musst? \w+|müssen|(?:darf|dürfen) (?:nicht|nie|kein\w*|nur)|auf keinen fall|"
    r"immer (?:vor|nach|mit|zuerst|nur|alle|die|den|das|ein\w*|im|in)|stell(?:e|en sie)? sicher|acht(?:e|en sie) darauf|"
    # Spanish, Portuguese
    r"nunca|siempre (?:que|usa\w*|utili\w+|ejecut\w+|escrib\w+|debe\w*)|deb(?:e|es|en|emos) \w+[aei]r|aseg[uú]rate|por favor|"
    r"sempre (?:que|us\w+|utili\w+|execut\w+|escrev\w+|rod\w+)|certifique-se|dev(?:e|em|es) \w+[aei]r|"
    r"no uses (?:el|la|los|las|una?)|no (?:hagas|edites|modifiques|escribas|añadas|ejecutes|borres|subas)|"
    r"não (?:use|faça|edite|modifique|escreva|adicione|execute|apague|altere|crie)|"
    # French, Italian, Dutch
    r"ne (?:pas|jamais) \w+(?:er|ir|re)|il faut|toujours \w+(?:er|ir|re|ez)|assure[zr]?-(?:vous|toi)|s'assurer|"
    r"(?:doi[ts]|doivent|devez) (?:être|toujours|\w+(?:er|ir|re))|"
    r"non (?:usare|modificare|fare|scrivere|aggiungere|eseguire)|assicura(?:ti|rsi)|devono|"
    r"nooit|moet(?:en)? (?:altijd|worden|je)|zorg (?:ervoor )?dat|"
    # Russian, Ukrainian
    r"никогда|нельзя|обязательно|запрещено|запрещается|долж(?:ен|на|но|ны)|всегда \w+(?:й|йте|ть)|пожалуйста|"
    r"не \w+(?:йте|ите|уй|ай|яй)|убедитесь|ніколи|не можна|обов['’]язково|повин(?:ен|на|но|ні)|заборонено"
)
_FIRST = (
    r"verwende[nt]?|benutze[nt]?|nutze[nt]?|vermeide[nt]?|schreibe?|führe|prüfe|bitte|"
    r"(?-i:[Uu]sa)|utiliza|evita|ejecuta|escribe|mantén|añade|agrega|sigue|revisa|siempre|prefiere|"
    r"utilize|evite|execute|escreva|mantenha|adicione|siga|rode|sempre|prefira|"
    r"utilise[rz]?|évite[rz]?|exécute[rz]?|écri(?:s|vez|re)|ajoute[rz]?|respecte[rz]?|toujours|préfère[rz]?|"
    r"usare|utilizza(?:re)?|evita(?:re)?|esegui(?:re)?|scrivi|scrivere|mantieni|"
    r"gebruik|vermijd|schrijf|voer|altijd|"
    r"\w{2,}(?:уй|ай|яй|йте|ите)|всегда|завжди"
)
_WORDS = re.compile(rf"\b(?:{_ANYWHERE})\b", re.IGNORECASE)
_ORDER = re.compile(rf"^[\W\d_]*(?:{_FIRST})\s+[\w`\"'«„]", re.IGNORECASE)
#: languages that put no space between words, and Korean, whose orders end a word
_UNSPACED = re.compile(
    r"必须|必須|务必|務必|应该|應該|应当|不要|不得|不可|不能|禁止|严禁|嚴禁|切勿|一律|(?<![申邀])[请請](?!求)|避免|尽量|優先(?!級|順)|优先(?!级)|确保|確保|总是|始终|"
    r"てください|て下さい|でください|ないこと(?:[。!！]|$)|(?:う|る|く|す|つ|ぬ|む|ぐ|ぶ)こと(?:[。!！]|$)|べき|必ず|なければならない|なければなりません|"
    r"てはならない|てはいけ|避け(?:る|て)|"
    r"하세요|으세요|십시오|마세요|말 것|할 것|해야|반드시|금지|절대(?! ?(?:경로|값|좌표|위치))",
    re.MULTILINE,
)
#: an order at the head of a sentence
_UNSPACED_ORDER = re.compile(
    r"^\W*(?:使用(?!说明|者|手册|方法|指南)|运行|運行|执行|保持|遵循|遵守|检查|檢查|编写|編寫|添加|用(?![户戶途于例法]))"
)


def asks_elsewhere(sentences: list[str]) -> bool:
    return any(
        _WORDS.search(each) or _ORDER.match(each) or _UNSPACED.search(each) or _UNSPACED_ORDER.match(each)
        for each in sentences
    )
