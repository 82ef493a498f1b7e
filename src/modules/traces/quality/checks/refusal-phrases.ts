/**
 * How models refuse, language by language: the model speaks of itself and says that it will not. Only ever matched at the start of a
 * sentence, so that "you cannot" and reported speech do not count. `\b` knows ASCII only; the patterns end in words that need no border.
 */
export interface RefusalPhrases {
  readonly language: string;
  /** It will not. */
  readonly refuses: RegExp;
  /** It says that it has not got what it would need: no refusal of principle. */
  readonly lacks?: RegExp;
}

const VERBS_EN =
  'help|assist|provide|comply|answer|fulfil|fulfill|generate|create|write|share|discuss|support|engage|do that|do this|offer|give|continue|participate|complete|respond|process|produce|advise|recommend that|facilitate|go along|be able to help';

export const REFUSALS: readonly RefusalPhrases[] = [
  {
    language: 'en',
    refuses: new RegExp(
      `^(?:(?:i['’]?m|i am)\\s+(?:very |really |so |truly )?(?:sorry|afraid)[^.!?]{0,40}?[,:;—-]?\\s*(?:but\\s+)?)?(?:however,?\\s+|unfortunately,?\\s+|sorry[,!]?\\s+(?:but\\s+)?|i apologi[sz]e,?\\s+(?:but\\s+)?|as an? (?:ai|language model|assistant)[^,.]{0,40},\\s*|while i understand[^,.]{0,80},\\s*|no,\\s+)?(?:i\\s+(?:just\\s+|really\\s+|simply\\s+)?(?:can(?:['’]t|not| not)|won['’]t|will not|am (?:not able|unable|not allowed|not permitted)(?: to)?|must (?:respectfully )?decline(?: to)?|have to decline|decline to|(?:do not|don['’]t) feel comfortable|refuse to|shouldn['’]t|should not)|i['’]m\\s+(?:just\\s+)?(?:not able|unable|not allowed|not permitted|not comfortable|not going)(?: to)?)\\s*(?:(?:really|in good conscience|ethically|legally|directly|knowingly|possibly|actually|currently|to)\\s+)*(?:${VERBS_EN}|\\w+ing|$|\\.|with|that request|this request)`,
      'i',
    ),
    lacks:
      /^(?:(?:i['’]m|i am)\s+(?:sorry|afraid)[,:]?\s*(?:but\s+)?|unfortunately,?\s+|sorry,?\s+(?:but\s+)?|as an? (?:ai|language model)[^,.]{0,40},\s*)?(?:i (?:do not|don['’]t|cannot|can['’]t) (?:currently )?(?:have (?:access|the ability|information|any information|real-time|enough)|access|browse|open|see|view|know))/i,
  },
  {
    language: 'de',
    refuses:
      /^(?:(?:es tut mir (?:sehr )?leid|tut mir leid|leider|entschuldigung|entschuldige|ich bedauere?|als ki[^,.]{0,40}|nein)[,.]?\s*(?:aber\s+)?(?:dass\s+)?)?(?:(?:dabei|damit|dazu|das|hier|hierbei|hierzu|darauf|bei \S+|diese \S+)\s+)?(?:ich\s+(?:kann|darf|werde|möchte)|(?:kann|darf|werde|möchte)\s+ich)\s+(?:[a-zäöüß]+\s+){0,8}?(?:nicht|keine?n?)\s+(?:\S+\s+){0,8}?(?:helfen|unterstützen|beantworten|erfüllen|bereitstellen|geben|weitergeben|herausgeben|weiterhelfen|erstellen|schreiben|nachkommen|behilflich|machen|tun|anbieten|liefern|behandeln|diskutieren|teilen|entsprechen)/i,
    lacks: /^(?:leider\s+)?(?:ich )?habe (?:ich )?(?:leider )?keinen? (?:zugriff|zugang|information)/i,
  },
  {
    language: 'fr',
    refuses:
      /^(?:(?:je suis|je[’']suis)\s+(?:vraiment )?désolée?[,.]?\s*(?:mais\s+)?|désolée?[,.]?\s*(?:mais\s+)?|je regrette,?\s*(?:mais\s+)?|malheureusement,?\s+|en tant qu[^,.]{0,60},\s*)?je (?:ne (?:peux|puis|suis pas en mesure|suis pas autorisée?|saurais|vais)|refuse de|dois refuser|dois décliner)\s*(?:pas\s+)?(?:malheureusement\s+)?(?:de |d[’'])?(?:vous |t[’']|te |y |cela |ça )*(?:aider|répondre|fournir|donner|accéder|écrire|créer|générer|satisfaire|traiter|faire|assister|discuter|partager|continuer|proposer)/i,
    lacks: /^(?:malheureusement,?\s+)?je n[’'](?:ai pas (?:accès|d[’']information)|ai aucune information)/i,
  },
  {
    language: 'es',
    refuses:
      /^(?:(?:me temo que|lo siento|lo lamento|disculpa|perdón|desafortunadamente|lamentablemente|como (?:ia|inteligencia|modelo)[^,.]{0,40})(?:\s+mucho)?[,.]?\s*(?:pero\s+)?)?(?:no (?:puedo|podré|podría|debo|me es posible|estoy en condiciones de|estoy autorizad[oa] (?:a|para)|soy capaz de|voy a)|me niego a|debo rechazar)\s+(?:te |le |les |os )?(?:ayudar|asistir|proporcionar|responder|cumplir|generar|crear|escribir|dar|ofrecer|compartir|hacer|continuar|hablar|participar|atender|brindar|facilitar)/i,
    lacks: /^(?:lo siento,?\s*(?:pero\s+)?|lamentablemente,?\s+)?no tengo (?:acceso|información)/i,
  },
  {
    language: 'pt',
    refuses:
      /^(?:(?:sinto muito|desculpe|desculpa|lamento|infelizmente|como (?:uma? )?(?:ia|inteligência|modelo)[^,.]{0,40})[,.]?\s*(?:mas\s+)?)?(?:eu\s+)?(?:não (?:posso|poderei|consigo|estou autorizad[oa] a|sou capaz de|vou)|recuso-me a)\s+(?:te |lhe |o |a )?(?:ajudar|ajudá|auxiliar|fornecer|responder|atender|gerar|criar|escrever|dar|oferecer|compartilhar|fazer|continuar|discutir|participar|cumprir|realizar)/i,
    lacks: /^(?:infelizmente,?\s+|desculpe,?\s*(?:mas\s+)?)?(?:eu\s+)?não tenho (?:acesso|informaç)/i,
  },
  {
    language: 'it',
    refuses:
      /^(?:(?:mi dispiace|mi spiace|purtroppo|spiacente|scusa|in quanto[^,.]{0,40}|come (?:ia|intelligenza|modello)[^,.]{0,40})[,.]?\s*(?:ma\s+)?)?(?:non (?:posso|potrò|sono in grado di|sono autorizzat[oa] a|mi è possibile)|mi rifiuto di|devo rifiutare)\s+(?:proprio )?(?:ti |vi |le )?(?:aiutar|assister|fornir|rispondere|soddisfare|generare|creare|scrivere|dare|offrire|condividere|fare|continuare|discutere|partecipare|procedere)/i,
    lacks: /^(?:mi dispiace,?\s*(?:ma\s+)?|purtroppo,?\s+)?non ho (?:accesso|informazioni)/i,
  },
  {
    language: 'nl',
    refuses:
      /^(?:(?:het spijt me|sorry|helaas|mijn excuses|als (?:een )?(?:ai|taalmodel)[^,.]{0,30})[,.]?\s*(?:maar\s+)?)?(?:ik\s+(?:kan|mag|zal|wil)|kan ik|mag ik|zal ik)\s+(?:je|u|jullie|daar|hier|dit|dat|deze|helaas|\s|[a-z]+\s){0,6}?(?:niet|geen)\s+(?:\S+\s+){0,6}?(?:helpen|assisteren|verstrekken|geven|beantwoorden|voldoen|maken|schrijven|delen|bespreken|aanbieden|doen|ingaan|leveren)/i,
  },
  {
    language: 'pl',
    refuses:
      /^(?:(?:przykro mi|przepraszam|niestety|jako (?:ai|model|asystent)[^,.]{0,40})[,.]?\s*(?:ale\s+)?)?(?:nie (?:mogę|jestem w stanie|będę mógł|będę mogła|wolno mi)|odmawiam|muszę odmówić)\s*(?:ci |panu |pani |w tym |z tym |na to |tego )*(?:pomóc|odpowiedzieć|udzielić|dostarczyć|wygenerować|stworzyć|napisać|podać|spełnić|zrealizować|udostępnić|zrobić|kontynuować|wykonać|$|\.)/i,
    lacks: /^(?:niestety,?\s+)?nie mam (?:dostępu|informacji)/i,
  },
  {
    language: 'ru',
    refuses:
      /^(?:(?:извините|простите|прошу прощения|к сожалению|мне (?:очень )?жаль|сожалею|как (?:ии|языковая модель|искусственный интеллект)[^,.]{0,30})[,.]?\s*(?:но\s+)?)?(?:я\s+)?(?:не могу|не смогу|не буду|не имею права|вынужден[а]?\s+отказать|отказываюсь)\s*(?:вам |тебе |с этим |в этом |на это |этого )*(?:помочь|ответить|предоставить|выполнить|создать|написать|дать|помогать|предложить|поделиться|обсуждать|сделать|продолжить|сгенерировать|$|\.|в этом)/i,
    lacks: /^(?:к сожалению,?\s+)?у меня нет (?:доступа|информации)/i,
  },
  {
    language: 'uk',
    refuses:
      /^(?:(?:вибачте|перепрошую|на жаль|мені (?:дуже )?шкода)[,.]?\s*(?:але\s+)?)?(?:я\s+)?(?:не можу|не зможу|не буду|відмовляюся|змушен[иа]й? відмовити)\s*(?:вам |тобі |з цим |у цьому |на це )*(?:допомогти|відповісти|надати|виконати|створити|написати|дати|допомагати|зробити|$|\.)/i,
  },
  {
    language: 'tr',
    refuses:
      /^(?:(?:üzgünüm|özür dilerim|maalesef|ne yazık ki|bir yapay zeka[^,.]{0,40})[,.]?\s*(?:ama\s+|ancak\s+)?)?[^.!?]{0,80}?(?:yardımcı olamam|yardım edemem|yardımcı olamıyorum|yardım edemiyorum|yanıt veremem|cevap veremem|yanıtlayamam|sağlayamam|yerine getiremem|oluşturamam|yazamam|paylaşamam)/i,
  },
  {
    language: 'sv',
    refuses:
      /^(?:(?:jag är ledsen|tyvärr|förlåt|beklagar)[,.]?\s*(?:men\s+)?)?(?:jag kan|kan jag|jag får)\s+(?:tyvärr\s+)?inte\s+(?:\S+\s+){0,4}?(?:hjälpa|svara|ge|skapa|skriva|tillhandahålla|bistå|dela|göra)/i,
  },
  {
    language: 'cs',
    refuses:
      /^(?:(?:je mi líto|omlouvám se|bohužel|promiňte|lituji)[,.]?\s*(?:ale\s+)?)?(?:s tím |vám |ti |na to |s touto žádostí |bohužel )*(?:nemohu|nemůžu|nesmím|nedokážu|odmítám)\s*(?:vám |ti |s tím |s touto |žádostí |bohužel )*(?:pomoci|pomoct|odpovědět|poskytnout|vytvořit|napsat|vyhovět|udělat|sdílet|dát)/i,
  },
  {
    language: 'zh',
    refuses:
      /^(?:(?:很|非常|十分)?(?:抱歉|对不起|對不起|遗憾|遺憾)[，,。！]?\s*(?:但是?|不过)?)?(?:作为(?:一个)?(?:人工智能|AI|语言模型)[^，。]{0,20}[，,])?我(?:不能|无法|無法|没有办法|不可以|不会|拒绝|拒絕)[^。！？]{0,16}?(?:帮助|帮忙|协助|提供|回答|满足|执行|生成|创建|撰写|写|讨论|分享|支持|处理|幫助|協助|回覆|完成)/,
  },
  {
    language: 'ja',
    refuses:
      /^(?:(?:大変|誠に)?(?:申し訳(?:ありません|ございません|ないです)|すみません|恐れ入ります|残念ながら|ごめんなさい)(?:が)?[、。,]?\s*)?[^。！？]{0,50}?(?:お手伝い(?:する(?:こと)?(?:は|が)?|は)?でき(?:ません|かねます)|お(?:答え|応え)(?:する(?:こと)?(?:は|が)?|は)?でき(?:ません|かねます)|応じ(?:る(?:こと)?(?:は|が)?でき(?:ません|かねます)|られません|かねます)|提供(?:する)?(?:こと)?(?:は|が)?でき(?:ません|かねます)|対応(?:する)?(?:こと)?(?:は|が)?でき(?:ません|かねます))/,
  },
  {
    language: 'ko',
    refuses:
      /^(?:(?:정말\s*)?(?:죄송합니다만?|죄송하지만|미안하지만|미안합니다만?|유감스럽게도|아쉽게도)[,.]?\s*)?[^.!?]{0,50}?(?:도와드릴 수 없|도울 수 없|답변(?:해 ?드릴|을 드릴|드릴|할) 수 없|제공(?:해 ?드릴|할) 수 없|응할 수 없|들어드릴 수 없|작성(?:해 ?드릴|할) 수 없|도움을 드릴 수 없)/,
  },
  {
    language: 'ar',
    refuses:
      /^(?:(?:عذر(?:ا|ً)+|آسف|أعتذر|للأسف|أنا آسف|المعذرة)[،,.]?\s*(?:ولكن\s+|لكن\s+|ولكنني\s+)?(?:ني\s+)?)?(?:أنا\s+)?(?:لا أستطيع|لا يمكنني|لن أتمكن من|لا يسعني|لست قادر(?:ا|ً)* على|أرفض)\s*(?:من\s+)?(?:ال)?(?:مساعدت|مساعدة|أن أساعد|تقديم|تزويد|الإجابة|إجابة|تلبية|كتابة|إنشاء|القيام|توفير|المساعدة|تنفيذ)/,
  },
  {
    language: 'hi',
    refuses:
      /^(?:(?:मुझे (?:खेद|अफ़सोस|अफसोस) है|क्षमा करें|माफ़ करें|माफ कीजिए|माफ़ कीजिए)[,।]?\s*(?:कि\s+|लेकिन\s+|पर\s+)?)?(?:मैं|मै)\s+[^।!?]{0,50}?(?:मदद नहीं कर सकत|सहायता नहीं कर सकत|उत्तर नहीं दे सकत|जवाब नहीं दे सकत|प्रदान नहीं कर सकत|नहीं दे सकत|नहीं लिख सकत|नहीं बना सकत)/,
  },
  {
    language: 'da',
    refuses:
      /^(?:(?:jeg er ked af det|beklager|desværre|undskyld)[,.]?\s*(?:men\s+)?)?(?:jeg (?:kan|må|vil)|(?:det |dette )?kan jeg)\s+(?:desværre\s+)?ikke\s+(?:\S+\s+){0,4}?(?:hjælpe|svare|give|skrive|lave|udlevere|bistå|besvare|opfylde|imødekomme)/i,
  },
  {
    language: 'nb',
    refuses:
      /^(?:(?:beklager|dessverre|jeg er lei meg|unnskyld)[,.]?\s*(?:men\s+)?)?(?:jeg (?:kan|får|vil)|(?:det |dette )?kan jeg)\s+(?:dessverre\s+)?ikke\s+(?:\S+\s+){0,4}?(?:hjelpe|svare|gi|skrive|lage|bistå|besvare|oppfylle|imøtekomme)/i,
  },
  {
    language: 'fi',
    refuses:
      /^(?:(?:valitettavasti|pahoittelen|pahoittelut|anteeksi|olen pahoillani)[,.]?\s*(?:mutta\s+)?)?(?:minä\s+)?en (?:valitettavasti )?(?:voi|pysty|saa|aio)\s+(?:\S+\s+){0,3}?(?:auttaa|auttamaan|vastata|vastaamaan|antaa|kirjoittaa|luoda|tarjota|toteuttaa|avustaa)/i,
  },
  {
    language: 'ro',
    refuses:
      /^(?:(?:îmi pare rău|imi pare rau|din păcate|din pacate|scuze|regret)[,.]?\s*(?:dar\s+)?)?(?:nu (?:pot|voi putea|am voie|sunt în măsură)|refuz)\s+(?:să\s+|sa\s+)?(?:te\s+|vă\s+|va\s+|îți\s+)?(?:ajut|asist|răspund|ofer|scriu|creez|generez|furniz)/i,
  },
  {
    language: 'el',
    refuses:
      /^(?:(?:λυπάμαι|συγγνώμη|δυστυχώς|ζητώ συγγνώμη)[,.]?\s*(?:αλλά\s+)?)?(?:δεν (?:μπορώ|είμαι σε θέση|μου επιτρέπεται)|αρνούμαι)\s+να\s+(?:σε |σας |σου )?(?:βοηθήσω|απαντήσω|παρέχω|παράσχω|γράψω|δημιουργήσω|εξυπηρετήσω)/i,
  },
  {
    language: 'hu',
    refuses:
      /^(?:(?:sajnálom|sajnos|elnézést|bocsánat)[,.]?\s*(?:de\s+)?)?(?:(?:ebben|ezzel|erre|ehhez|önnek|neked)\s+){0,2}(?:(?:a|az|ezzel a|ebben a)\s+\S+\s+)?nem (?:segíthetek|válaszolhatok|(?:tudok|fogok|áll módomban)\s+(?:\S+\s+){0,3}?(?:segíteni|segítséget|válaszolni|írni|adni|teljesíteni))/i,
  },
  {
    language: 'id',
    refuses:
      /^(?:(?:maaf|mohon maaf|sayangnya)[,.]?\s*(?:tetapi\s+|tapi\s+|namun\s+)?)?(?:saya|aku)\s+(?:tidak (?:dapat|bisa|boleh|akan)|menolak)\s+(?:\S+\s+){0,2}?(?:membantu|menjawab|memberikan|menulis|membuat|menyediakan|memenuhi)/i,
  },
  {
    language: 'vi',
    refuses:
      /^(?:(?:tôi )?(?:xin lỗi|rất tiếc)[,.]?\s*(?:nhưng\s+)?)?(?:tôi|mình)\s+(?:không thể|không được phép|từ chối)\s+(?:\S+\s+){0,2}?(?:giúp|hỗ trợ|trả lời|cung cấp|viết|tạo|đáp ứng|thực hiện)/i,
  },
  {
    language: 'th',
    refuses: /^(?:ขอ(?:อภัย|โทษ)|เสียใจด้วย)?(?:ค่ะ|ครับ)?[, ]*(?:แต่)?\s*(?:ฉัน|ผม|ดิฉัน|เรา)\s*ไม่สามารถ(?:ช่วย|ตอบ|ให้|เขียน|สร้าง)/,
  },
  {
    language: 'he',
    refuses:
      /^(?:(?:אני )?(?:מצטער(?:ת)?|מתנצל(?:ת)?|סליחה|לצערי)[,.]?\s*(?:אבל\s+|אך\s+)?)?(?:אני\s+)?(?:לא (?:יכול(?:ה)?|אוכל|מסוגל(?:ת)?)|איני יכול(?:ה)?)\s+(?:\S+\s+){0,2}?(?:לעזור|לסייע|לענות|לספק|לכתוב|ליצור)/,
  },
];
