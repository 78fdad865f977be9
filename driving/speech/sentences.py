"""Things to say, made up here: small grammars and phrases per language, numbers, and nonsense for coverage.

Nothing is quoted. Numbers are written as digits, which synthesizers read in every language; nonsense strings put
every consonant beside every vowel, with lip sounds more often than languages do.
"""

from __future__ import annotations

import numpy as np

_ENGLISH_WHO = (
    "my brother", "the baker", "your neighbour", "a small puppy", "the weather man", "our old piano teacher",
    "the woman in the blue van", "nobody", "everyone I know", "the mayor", "Peter", "Barbara", "Vivian", "the team",
    "a very brave farmer", "the boy with the umbrella", "my favourite aunt", "the people upstairs", "Thomas", "Maya",
)  # fmt: skip
_ENGLISH_DOES = (
    "wants to buy", "could not remember", "has finally found", "never gave me", "might borrow", "keeps polishing",
    "will bring", "forgot about", "made a film about", "jumped over", "painted", "put away", "believes in",
    "is afraid of", "promised to fix", "wrapped up", "should have moved", "thought about", "threw out", "measured",
)  # fmt: skip
_ENGLISH_WHAT = (
    "the purple bicycle", "five or six maps", "a bowl of pumpkin soup", "every window in the house", "both of them",
    "the other half of the bread", "an enormous bubble", "some fresh milk", "the truth", "that awful wallpaper",
    "a pair of wooden shoes", "the shape of the moon", "a very fine violin", "his father's boat",
    "two thousand stamps",
    "the whole week", "a cup of warm coffee", "the fourth of February", "something beautiful", "a huge yellow chair",
)  # fmt: skip
_ENGLISH_HOW = (
    "", "before breakfast", "in the middle of the night", "for no good reason", "with both hands",
    "on Monday morning",
    "as usual", "above the shop", "without thinking", "because of the rain", "again and again", "over the bridge",
)  # fmt: skip
_ENGLISH_QUESTIONS = (
    "what do you mean by that?", "have you ever been to Vienna?", "why would anybody pay for this?", "who is there?",
    "do you prefer apples or plums?", "shall we move a bit further?", "how many people came with you?", "is it far?",
    "would you mind opening the window?", "where have you put my phone?", "can I help you?", "you believe me, right?",
)  # fmt: skip
_ENGLISH_SHOUTS = (
    "stop it!", "oh my, how wonderful!", "watch out!", "absolutely not!", "bravo, bravo!", "what a mess!", "help me!",
    "give me that back, now!", "happy birthday!", "you must be joking!", "wow, that is amazing!", "no way!",
)  # fmt: skip
_ENGLISH_ASIDES = (
    "well,", "um,", "hmm,", "so,", "you know,", "I mean,", "okay,", "maybe,", "uh,", "to be honest,",
    "listen,", "by the way,",
)  # fmt: skip

# Common words, strung together without sense: every word meets every other, as no grammar of ours would have it.
_ENGLISH_SMALL = tuple(
    "the a an of of for from to in on at by with and or but if when that this it its you your we they he she I my "
    "our is was are were be been have has had do does did will would can could may might must not just very so "
    "too even about before after over under above between both every some many most more much few all any other".split()
)
_ENGLISH_COMMON = tuple(
    "people time life love way work place week case point government company number group problem fact home "
    "family money month morning business body member power heart moment movement matter memory movie music "
    "information computer public problem question answer village river voice video volume value visit view valley "
    "vote victory evening event advice never ever over seven eleven give live leave believe receive develop "
    "provide improve prove move have above cover fever food foot fish fire finger phone form full funny fast fall "
    "feel find follow friend front free five four first fifty before after often office coffee offer effort "
    "different difficult beautiful enough laugh rough if off safe wife knife book baby bag ball bank base beach "
    "bed best better big bird black blue board boat bottle box boy bread bridge bring brown build bus buy rubber "
    "robot table number remember member bubble public double job club tub probably maybe about paper party pay "
    "pen person piece pilot plan plate play please pocket police poor pot power price proud purple push put happy "
    "apple open people paper copper supper simple sample temple help keep sleep stop shop map top step hope shape "
    "cup make man many map market may meet milk mind minute mirror mix mother mountain mouth much summer common "
    "human woman women camera famous amazing number animal some time name home room dream team swim climb warm "
    "farm film form seem came think thing three through thank birthday bath teeth both mother father brother "
    "weather together other smooth breathe what where why water walk want warm wash watch wave way wear window "
    "winter wonder word world worry would question quick red rain read really right road rock rule run story "
    "sorry tomorrow every hurry carry great green grow tree try draw look large last late laugh leaf learn letter "
    "light like line listen little long yellow follow small school feel tell side sit six slow social sound south "
    "speak spring stand star start state still stone street strong sun sure system year yes yesterday young use "
    "usual unit university new few view beauty music computer human huge cute".split()
)

# Whole short phrases of other languages; they are strung together at random.
PHRASES: dict[str, tuple[str, ...]] = {
    "de": (
        "mein Vater fährt morgen früh nach Bremen", "wir haben fünf frische Äpfel gekauft",
        "möchtest du lieber Kaffee?",
        "das Wetter wird am Abend besser", "bitte mach das Fenster zu!", "woher wusstest du das bloß?",
        "die Bäume vor dem Museum blühen schon", "ich habe überhaupt keine Zeit", "pass auf, der Boden ist nass!",
        "vielleicht kommt er mit dem Fahrrad", "sie spielt wunderbar Klavier", "ähm, wie war noch mal Ihr Name?",
    ),
    "fr": (
        "mon voisin promène son petit chien", "nous avons bu un bon café", "pourquoi veux-tu partir maintenant?",
        "il pleut souvent au mois de février", "ouvre vite la porte, s'il te plaît!",
        "elle a vu un beau film hier soir",
        "je ne peux pas vous répondre", "où habitent vos amis?", "le bateau bleu passe sous le pont",
        "quelle bonne surprise!", "euh, je pense que oui", "la boulangère prépare du pain frais",
    ),
    "es": (
        "mi abuela vive muy cerca del mar", "compramos pan, uvas y un poco de vino", "¿por qué no vienes mañana?",
        "el perro blanco duerme bajo la mesa", "¡qué bonito es este pueblo!", "me parece muy buena idea",
        "no puedo abrir la ventana", "bueno, vamos a ver la película", "¿dónde pusiste mi teléfono?",
        "el hombre bajo habla demasiado", "faltan veinte minutos para empezar", "¡ven aquí ahora mismo!",
    ),
    "it": (
        "mio fratello abita vicino alla piazza", "vorrei un bicchiere di acqua fresca", "perché non vieni con noi?",
        "il bambino beve il latte caldo", "che bella sorpresa!", "domani mattina parto per Venezia",
        "non ho capito bene la domanda", "apri subito la porta!", "forse piove anche questa sera",
        "quanto costa questo ombrello?", "abbiamo visto un film molto buffo", "beh, proviamo ancora una volta",
    ),
    "pt": (
        "a minha avó faz bolos muito bons", "vamos ver o mar amanhã de manhã", "onde fica a paragem do autocarro?",
        "o meu primo comprou um barco azul", "que pena, não posso ir!", "ela fala bem e depressa",
        "abre a janela, por favor", "quem bateu à porta?", "o vento mudou durante a noite", "bom, vamos embora",
    ),
    "nl": (
        "mijn buurman bakt elke ochtend brood", "we fietsen graag langs het water", "waarom ben je zo moe?",
        "het boek ligt op de bovenste plank", "wat een prachtig uitzicht!", "misschien komt ze vanavond nog",
        "doe het raam even open", "hoeveel mensen waren er?", "ik heb vijf foto's gemaakt", "nou, dat wist ik niet",
    ),
    "pl": (
        "mój brat mieszka blisko parku", "kupiliśmy pięć bułek i masło", "dlaczego nie chcesz pójść z nami?",
        "wieczorem pada bardzo mocno", "otwórz proszę okno!", "babcia upiekła wspaniałe ciasto",
        "nie pamiętam, gdzie to było", "czy pani mówi po polsku?", "no dobrze, spróbujmy jeszcze raz",
        "uwaga, pociąg!",
    ),
    "ru": (
        "мой брат живёт около большого парка", "бабушка купила пять пирогов", "почему ты опять молчишь?",
        "вечером будет очень холодно", "открой, пожалуйста, окно!", "мы видели хороший фильм",
        "я не помню, как его зовут", "где вы обычно бываете летом?", "ну, попробуем ещё раз", "смотри, какая рыба!",
        "папа варит вкусный борщ", "в феврале выпало много снега",
    ),
    "cs": (
        "můj bratr bydlí blízko mostu", "koupili jsme pět rohlíků a máslo", "proč s námi nechceš jít?",
        "večer bude velmi pěkně", "otevři prosím okno!", "babička upekla výborný koláč", "viděl jsi ten film?",
        "nepamatuji si, kde to bylo", "malý pes běží přes pole", "no dobře, zkusíme to znovu", "pozor, vlak!",
        "voda v řece je ještě studená",
    ),
    "ca": (
        "el meu germà viu prop de la plaça", "hem comprat pa, fruita i una mica de vi",
        "per què no vens amb nosaltres?",
        "aquest vespre farà bon temps", "obre la finestra, si us plau!", "l'àvia prepara una bona sopa",
        "no recordo com es diu", "quants anys té el teu fill?", "el gos petit dorm sota la taula", "quina sorpresa!",
    ),
    "fi": (
        "veljeni asuu lähellä puistoa", "ostimme leipää ja tuoretta voita", "miksi et tule mukaan?",
        "illalla sataa varmasti vettä", "avaa ikkuna, ole hyvä!", "mummo leipoi hyvän piirakan",
        "en muista missä se oli", "monta ihmistä siellä oli?", "pieni koira juoksee pihalla",
        "no niin, yritetään uudestaan",
        "hyvää huomenta kaikille", "pöydällä on viisi omenaa",
    ),
    "sv": (
        "min bror bor nära parken", "vi köpte bröd och fem äpplen", "varför kommer du inte med?",
        "i kväll blir det vackert väder", "öppna fönstret, är du snäll!", "mormor bakar en god kaka",
        "jag minns inte vad han heter", "hur många var det?", "titta, vilken fin båt!", "jaha, då provar vi igen",
    ),
    "tr": (
        "kardeşim parkın yanında oturuyor", "beş ekmek ve biraz peynir aldık", "neden bizimle gelmiyorsun?",
        "akşam hava çok güzel olacak", "pencereyi açar mısın?", "babam bahçede çalışıyor", "ne güzel bir sürpriz!",
        "adını hatırlamıyorum", "köpek masanın altında uyuyor", "peki, bir daha deneyelim",
    ),
    "hi": (
        "मेरा भाई पार्क के पास रहता है", "हमने पाँच आम और फूल खरीदे", "तुम हमारे साथ क्यों नहीं आते",
        "शाम को मौसम बहुत अच्छा होगा", "कृपया खिड़की खोल दो", "माँ ने बढ़िया खाना बनाया", "मुझे उसका नाम याद नहीं",
        "वहाँ कितने लोग थे", "बाबा बाग में बैठे हैं", "वाह क्या बात है",
    ),
    "mr": (
        "माझा भाऊ बागेजवळ राहतो", "आम्ही पाच आंबे विकत घेतले", "तू आमच्याबरोबर का येत नाहीस",
        "संध्याकाळी पाऊस पडेल", "खिडकी उघड", "आईने छान भाजी केली", "मला त्याचे नाव आठवत नाही", "किती सुंदर फूल",
    ),
    "te": (
        "మా తమ్ముడు పార్కు పక్కన ఉంటాడు", "మేము ఐదు మామిడి పళ్ళు కొన్నాము", "నువ్వు మాతో ఎందుకు రావు",
        "సాయంత్రం వాన పడుతుంది", "కిటికీ తెరువు", "అమ్మ మంచి వంట చేసింది", "బాబు పాలు తాగాడు", "ఎంత బాగుంది",
    ),
    "el": (
        "ο αδελφός μου μένει κοντά στο πάρκο", "αγοράσαμε πέντε μήλα και ψωμί", "γιατί δεν έρχεσαι μαζί μας;",
        "το βράδυ θα έχει ωραίο καιρό", "άνοιξε το παράθυρο!", "η γιαγιά φτιάχνει πίτα", "πού πήγες χθες;",
    ),
    "hu": (
        "a bátyám a park mellett lakik", "öt almát és friss kenyeret vettünk", "miért nem jössz velünk?",
        "este nagyon szép idő lesz", "nyisd ki az ablakot!", "a nagymama finom pitét süt", "nem emlékszem a nevére",
    ),
    "ro": (
        "fratele meu locuiește lângă parc", "am cumpărat cinci mere și pâine", "de ce nu vii cu noi?",
        "diseară va fi vreme bună", "deschide fereastra!", "bunica face o plăcintă bună", "ce surpriză frumoasă!",
    ),
    "uk": (
        "мій брат живе біля великого парку", "бабуся купила п'ять пирогів", "чому ти мовчиш?",
        "увечері буде дуже гарно", "відчини, будь ласка, вікно!", "ми бачили добрий фільм", "де ви буваєте влітку?",
    ),
    "id": (
        "kakak saya tinggal dekat pasar", "kami membeli lima buah mangga", "mengapa kamu tidak ikut?",
        "nanti malam cuaca baik", "tolong buka jendela!", "ibu memasak makanan enak", "berapa orang yang pulang?",
    ),
    "sw": (
        "kaka yangu anaishi karibu na bustani", "tulinunua maembe matano", "kwa nini huji nasi?",
        "jioni hali ya hewa itakuwa nzuri", "fungua dirisha!", "mama anapika chakula kizuri", "samaki wapo wapi?",
    ),
    "ar": (
        "أخي يسكن قرب الحديقة", "اشترينا خمس تفاحات وخبزا", "لماذا لا تأتي معنا؟", "افتح النافذة من فضلك",
        "جدتي تطبخ طعاما طيبا", "أين وضعت الكتاب؟", "ما أجمل هذا البيت",
    ),
    "vi": (
        "anh tôi sống gần công viên", "chúng tôi mua năm quả xoài", "tại sao bạn không đi cùng?", "mở cửa sổ ra!",
        "bà nấu ăn rất ngon", "tối nay trời đẹp", "bao nhiêu người đã về?",
    ),
    "fa": (
        "برادرم نزدیک پارک زندگی می کند", "ما پنج سیب و نان خریدیم", "چرا با ما نمی آیی؟", "پنجره را باز کن",
        "مادربزرگ غذای خوب می پزد", "فردا باران می بارد",
    ),
}  # fmt: skip

LANGUAGES: tuple[str, ...] = ("en", *PHRASES)
"""Languages that there is text for."""

_LATIN = ("p b m f v w t d k g s z l r n h j sh ch th".split(), "a e i o u".split())
_SCRIPTS: dict[str, tuple[list[str], list[str]]] = {
    "ru": ("п б м ф в т д к г с з л р н х ш ж ч".split(), "а е и о у ы".split()),
    "uk": ("п б м ф в т д к г с з л р н х ш ж ч".split(), "а е и о у".split()),
    "el": ("π μπ μ φ β τ δ κ γ σ ζ λ ρ ν χ θ".split(), "α ε ι ο ου".split()),
    "hi": ("प ब म फ व त द क ग स ज ल र न ह श च".split(), "ा े ि ो ु".split()),
    "mr": ("प ब म फ व त द क ग स ज ल र न ह श च".split(), "ा े ि ो ु".split()),
    "te": ("ప బ మ ఫ వ త ద క గ స జ ల ర న హ శ చ".split(), "ా ే ి ో ు".split()),
    "cs": ("p b m f v t d k g s z l r n h š ž č".split(), "a e i o u".split()),
    "pl": ("p b m f w t d k g s z l r n h sz cz".split(), "a e i o u y".split()),
    "fi": ("p m v t d k s l r n h j".split(), "a e i o u y ä ö".split()),
}
_FREE = {"ar", "fa", "vi"}  # scripts that nonsense syllables are not written in here
_LIPS = {
    "p",
    "b",
    "m",
    "f",
    "v",
    "w",
    "п",
    "б",
    "м",
    "ф",
    "в",
    "π",
    "μπ",
    "μ",
    "φ",
    "β",
    "प",
    "ब",
    "म",
    "फ",
    "व",
}


def phrase(language: str, generator: np.random.Generator) -> str:
    """One phrase to say in a language: a sentence, a question, numbers or nonsense.

    Args:
        language: one of :data:`LANGUAGES`; of others (``en-gb``) the part before the hyphen.
        generator: source of chance.
    """
    name = language.split("-")[0]
    draw = generator.uniform()
    if draw < 0.12 and name not in _FREE:
        return nonsense(name, generator)
    if draw < 0.20 and name not in ("mr", "te"):
        return numbers(generator)
    if name == "en":
        return _english(generator)
    known = PHRASES.get(name)
    if known is None:
        return nonsense(name, generator)
    parts = [str(generator.choice(known)) for _ in range(int(generator.integers(1, 3)))]
    return ", ".join(
        part.rstrip("?!.,;") if index + 1 < len(parts) else part for index, part in enumerate(parts)
    )


def nonsense(language: str, generator: np.random.Generator) -> str:
    """Two to seven meaningless syllables in two or three words, lip sounds twice as often as others."""
    consonants, vowels = _SCRIPTS.get(language, _LATIN)
    weight = np.array([2.2 if consonant in _LIPS else 1.0 for consonant in consonants])
    words = []
    for _ in range(int(generator.integers(1, 4))):
        syllables = [
            str(generator.choice(consonants, p=weight / weight.sum())) + str(generator.choice(vowels))
            for _ in range(int(generator.integers(1, 4)))
        ]
        words.append("".join(syllables))
    return " ".join(words) + str(generator.choice([".", ".", "?", "!"]))


def numbers(generator: np.random.Generator) -> str:
    """One to three numbers as digits."""
    sizes = (10, 100, 1000, 2100)
    return ", ".join(
        str(int(generator.integers(1, int(generator.choice(sizes)))))
        for _ in range(int(generator.integers(1, 4)))
    )


def _common_words(generator: np.random.Generator) -> str:
    """Four to eleven common words, small ones between the others."""
    words = [
        str(generator.choice(_ENGLISH_SMALL if generator.uniform() < 0.4 else _ENGLISH_COMMON))
        for _ in range(int(generator.integers(4, 12)))
    ]
    if generator.uniform() < 0.3:
        words[len(words) // 2] += ","
    return " ".join(words) + str(generator.choice([".", ".", ".", "?"]))


def _english(generator: np.random.Generator) -> str:
    draw = generator.uniform()
    if draw < 0.45:
        return _common_words(generator)
    draw = generator.uniform()
    if draw < 0.16:
        text = str(generator.choice(_ENGLISH_QUESTIONS))
    elif draw < 0.28:
        text = str(generator.choice(_ENGLISH_SHOUTS))
    else:
        parts = [
            str(generator.choice(part)) for part in (_ENGLISH_WHO, _ENGLISH_DOES, _ENGLISH_WHAT, _ENGLISH_HOW)
        ]
        text = " ".join(part for part in parts if part) + "."
    if generator.uniform() < 0.22:
        text = f"{generator.choice(_ENGLISH_ASIDES)} {text}"
    return text
