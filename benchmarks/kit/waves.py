"""Waves: what a program posts from one template, with words spun, links and names changed, and some of it in disguise.

The templates are this project's own. ``{a|b|c}`` is one of them at random; ``[name]``, ``[link]``, ``[figure]`` are new
each time.
"""

import re
from collections.abc import Callable
from random import Random

from benchmarks.kit import disguise
from moderator.comment import Author, Comment, Post

TEMPLATES = (
    "{Hi|Hello|Hey} {everyone|all|there}, I {lost|wasted|burned} nearly [figure] dollars with a {fake|false|dishonest} "
    "{trading|investment|crypto} platform last {spring|winter|year} and {thought|believed|was sure} it was gone "
    "{forever|for good}. A {colleague|friend|neighbour} {told|wrote} me about [name], a {recovery|refund} "
    "{expert|specialist|agent} who got {everything|all of it|the whole sum} back within {days|a week|two weeks}. "
    "{Contact|Write to|Reach} them at [link] {before|while} it is {too late|still possible}.",
    "{I am|We are} {so|very|truly} {grateful|thankful} to doctor [name] for {curing|healing|freeing} my "
    "{husband|wife|mother} of {diabetes|herpes|hepatitis} with {natural|herbal|traditional} medicine when "
    "{every|each} hospital had {given up|sent us home}. After {three|four|six} weeks the {tests|results} were "
    "{negative|clean|clear}. {Order|Get|Ask for} the {herbs|remedy|medicine} at [link] and {tell|let} him know who "
    "{sent|recommended} you.",
    "{Tired|Sick|Weary} of {writing|finishing} your {essays|papers|assignments} at {night|the last minute}? Our "
    "{team|group} of {qualified|experienced|native} writers {delivers|produces|prepares} "
    "{original|unique|plagiarism free} work for {every|any} subject {within|in} [figure] hours, "
    "{revisions|corrections} included and {prices|rates} that {students|pupils} can {afford|pay}. "
    "{Place|Make} your {first|next} order at [link] with the code [name] and {save|get} [figure] percent.",
    "{Great|Good|Wonderful} {post|article|read}, {thanks|thank you} for {sharing|publishing} it! We "
    "{manufacture|produce|make} stainless steel {pipes|tubes|fittings} for {pumps|boilers|water works} in our own "
    "{factory|plant|works} since [figure] and {ship|export|deliver} to {forty|fifty|sixty} countries. For "
    "{drawings|samples|a catalogue} and {wholesale|factory} prices {visit|see|open} [link] or {ask|write to} our "
    "engineer [name], who {replies|answers} {within a day|at once|in hours}.",
    "{Call|Phone|Ring} the printer {support|help} line [figure] [figure] if your device shows {offline|error|paused} "
    "and {will not|does not|cannot} {connect|print|respond} to the {network|router}. {Certified|Trained|Skilled} "
    "technicians {solve|fix|repair} {driver|spooler|setup} {problems|issues|faults} {remotely|by phone} "
    "{day and night|around the clock|at any hour}, {no|without} {waiting|queue}, see [link] {for|with} the "
    "{steps|details|guide} that [name] wrote.",
    "My {cousin|sister|aunt} [name] {earns|makes|brings home} [figure] {euros|dollars} {a week|every week} "
    "{working|sitting} at the kitchen table with {only|nothing but} a {laptop|tablet|telephone}. She has been "
    "{unemployed|without a job} for {eight|ten|eleven} months but last {month|April} her {pay|cheque|transfer} was "
    "[figure] for {simple|easy} {typing|data entry|surveys}. {Look|Read|Find out} {how|what she did} here [link] and "
    "{begin|start} {today|tonight|this evening}.",
    "The {finest|best|most trusted} online {casino|betting house|bookmaker} of this {season|year|summer} "
    "{gives|offers|grants} new {players|members|guests} a {welcome|first} bonus of [figure] free {spins|rounds} "
    "without {deposit|any payment}. Slots, live {roulette|blackjack|baccarat}, {fast|instant|quick} withdrawals and a "
    "{licence|permit} from {Malta|Curacao|Gibraltar}. {Register|Sign up|Join} at [link], {enter|use} the word [name] "
    "and {play|win|spin} {tonight|right now|at once}.",
    "{Luxury|Premium|Elegant} {villas|apartments|plots} near the {metro|lake|airport} in sector [figure], three and "
    "four {bedrooms|rooms} with {balcony|terrace|garden}, club house, {swimming pool|gymnasium} and "
    "{covered|double} parking. The {builder|developer} [name] {hands over|finishes} in {two|three} years, "
    "{easy|flexible} {instalments|loans} {available|possible}. {Brochure|Price list|Floor plan} and "
    "{site visit|booking} at [link].",
    "{Meine|Unsere} {Erfahrung|Begegnung} mit dem {Kreditgeber|Darlehensgeber} [name] war {ehrlich|wirklich|sehr} gut: "
    "nach {drei|vier|fünf} {Absagen|Ablehnungen} der {Bank|Sparkasse} bekam ich [figure] Euro ohne {Schufa|Pfand} "
    "binnen {zwei|drei} Tagen {überwiesen|ausgezahlt}. {Niedrige|Kleine|Faire} Zinsen, {lange|bequeme} Laufzeit, "
    "{freundliche|schnelle} Beratung. {Schreiben|Melden} Sie sich {sofort|gleich|heute} unter [link].",
    "{Bonjour|Salut} à {tous|toutes}, j'étais {désespérée|perdue|brisée} quand mon {mari|fiancé|compagnon} m'a "
    "{quittée|laissée} pour une autre {femme|personne}. Le {maître|marabout|voyant} [name] a fait un {rituel|travail} "
    "de {retour|réconciliation} et {sept|cinq|neuf} jours après il est {revenu|rentré} à la maison avec des "
    "{fleurs|excuses|larmes}. {Problèmes|Soucis} de {couple|travail|chance}: {écrivez|parlez} lui sur [link].",
    "{Хотите|Желаете} {зарабатывать|получать} от [figure] рублей в день, не {выходя|отлучаясь} из дома? "
    "{Набираем|Ищем|Приглашаем} {ответственных|внимательных|надёжных} людей для {удалённой|дистанционной} работы с "
    "{заказами|отзывами|карточками} на маркетплейсах, {опыт|стаж} не {нужен|требуется}, {обучение|инструкции} "
    "{бесплатно|за наш счёт}. {Подробности|Условия} у менеджера [name] [link], {мест|вакансий} {мало|немного}.",
    "Slot {gacor|terbaru|resmi} {hari ini|malam ini} dengan RTP {tertinggi|terbesar} hanya di [name], "
    "{daftar|gabung} {sekarang|segera} dan {klaim|ambil} bonus [figure] persen untuk {member|pemain} baru. "
    "{Deposit|Setoran} {pulsa|dana} tanpa potongan, {proses|penarikan} {cepat|kilat}, layanan {ramah|sopan} "
    "dua puluh empat jam. {Maxwin|Jackpot} {mudah|gampang} {menang|pecah} setiap {putaran|permainan}, klik [link].",
)
SPIN = re.compile(r"\{([^{}]*)\}")
CHANGED = re.compile(r"\[(name|link|figure)\]")
FIRST = "Ada Bruno Clara Dmitri Elif Farid Greta Hugo Ines Jonas Kofi Lena Marco Nadia Oskar Petra".split()
LAST = "Adler Brandt Castillo Dubois Eriksen Fontaine Garcia Haddad Ivanova Jensen Kowalski Lindgren Moreau".split()
SYLLABLES = "ba co di fe gu ha ki lo ma ne po ra su ta vi zo".split()
ENDINGS = "com net org info shop site online xyz top club".split()
# What leaves a comment readable, and so is used; written apart from what undoes it.
DISGUISES: tuple[Callable[[str, Random], str], ...] = (*(disguise.TRANSFORMS[name] for name in disguise.TRANSFORMS),)


def comment(template: str, chance: Random) -> Comment:
    """One comment of the wave; a third of them are in disguise, a third have markup around or sentences before."""
    text = SPIN.sub(lambda found: chance.choice(found[1].split("|")), template)
    link = _link(chance)
    text = CHANGED.sub(lambda found: _new(found[1], link, chance), text)
    before, link_at, after = text.partition(link)
    if chance.random() < 0.33:
        change = chance.choice(DISGUISES)
        before, after = change(before, chance), change(after, chance)
    text = before + link_at + after
    dressed = chance.random()
    if dressed < 0.12:
        text = f"<p>{before}<a href='{link}'>{_name(chance)}</a>{after}</p>"
    elif dressed < 0.22:
        text = text.upper()
    elif dressed < 0.33:
        text = f"{chance.choice(OPENINGS)} {text}"
    name = _name(chance)
    return Comment(
        text, author=Author(name, f"{name.split()[0].lower()}@{_host(chance)}", ""), post=Post(title="A post")
    )


OPENINGS = ("Nice blog.", "I agree with this!", "Interesting point of view, thanks.", "First time here.")


def _new(what: str, link: str, chance: Random) -> str:
    if what == "link":
        return link
    return _name(chance) if what == "name" else str(chance.randrange(11, 99_999))


def _name(chance: Random) -> str:
    return f"{chance.choice(FIRST)} {chance.choice(LAST)}"


def _host(chance: Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=chance.randrange(3, 6))) + "." + chance.choice(ENDINGS)


def _link(chance: Random) -> str:
    return f"https://{_host(chance)}/{''.join(chance.choices(SYLLABLES, k=3))}"
