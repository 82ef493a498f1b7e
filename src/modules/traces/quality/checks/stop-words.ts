/** The commonest words of languages that share a script; a word that several know counts for each. */
const LISTS: Readonly<Record<string, string>> = {
  en: 'the of and to in is that it for was on are as with they be at this have from or had by but what some we can out other were all there when your how an which do their if will not you would more has could than been who its now my like into me so about our does should i am please why where give tell write explain',
  de: 'der die und das ist in den von zu mit sich des auf für nicht es dem er eine als auch an werden aus hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man kann ich du wir ihr mein dein wenn was wo warum bitte wurde sein können diese dieser gibt',
  fr: 'le la les de des du et est un une dans que qui pour pas sur au aux avec ce cette il elle ils elles nous vous je tu ne se son sa ses par plus sont être avoir mais ou où comme tout fait été aussi leur leurs quand comment pourquoi peut très sans bien même dont cela quel quelle quels mon ma mes notre votre donc',
  es: 'el la los las de del y en que es un una por con no para se su al lo como más pero sus le ya este sí porque esta son entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante uno les ni contra otros ese eso ante ellos qué cómo cuál puede fue ser tiene mi tu está cuánto dónde puedes',
  pt: 'o a os as de do da dos das e em que é um uma para com não se por mais como mas foi ao ele ela tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso entre era depois sem mesmo aos ter seus quem nas me esse eles estão você essa num nem suas meu às minha numa qual pode onde são fazer',
  it: 'il lo la i gli le di del della dei delle e in che è un una per con non si da al alla come più ma sono anche nel nella questo questa ha hanno o se su dal dalla essere suo sua loro quando molto io tu noi voi mi ti ci cosa perché dove chi quale quali può stato cui fra tra degli senza poi così quanto puoi',
  nl: 'de het een en van in is dat op te zijn met voor niet aan er om hij ook als dan maar bij nog uit door over ze zich tot je mij deze die wat hebben had heeft worden wordt kan kunnen naar ik u we wij jij hun geen of waar hoe waarom omdat daar hier al meer veel moet zou zal toen',
  pl: 'i w z na do nie że się to jest o jak po co ale za od przez czy tak by już był dla ich być może są tylko jego jej jako przy oraz które który która tym tego tej te ten ta go mi ja ty my wy oni także jeszcze bardzo kiedy gdzie dlaczego jaki jakie ile można aby lub więc ze pod nad bez mam',
  sv: 'och i att det som en på är av för med den till inte om ett han men var jag sig från vi så kan när nu ni du de har hade hon eller vad ska mycket där efter även alla andra hur varför mer utan sin mot vid blir finns här bara under mellan också din min',
  cs: 'a v na se je že to s z do o i jako ale by pro za po od jsou jeho která který které co tak však při být bylo byl má už nebo jen také aby podle jak ve ze si není jsem jste může kde proč kdy když než ještě pouze mezi nad pod bez tedy jejich toto tento tato můžete',
  tr: 've bir bu da de için ile çok olarak daha gibi olan kadar en ne o ama değil var mı mi ben sen biz siz onlar şu her ya veya sonra ki nasıl neden niçin olur oldu olduğu ise iki yok bana sana nerede hangi çünkü göre önce böyle şey bütün tüm',
  ru: 'и в не на я что он с как а то это по но они мы она к у из за так же от его для вы бы был только о ещё если или ни когда быть есть уже до чтобы при их может где почему какой какая какие который которая которые нет очень также этот эта эти можно мне вам тоже ли во со',
  uk: 'і в не на що я з та як у до це він а по але вона вони ми за від для ви його так же про чи якщо або коли бути є вже щоб при їх може де чому який яка які ні дуже також цей ця ці можна мені вам теж зі під між лише ще був була було',
};

/** Word to the languages that know it. */
export const STOP_WORDS: ReadonlyMap<string, readonly string[]> = (() => {
  const words = new Map<string, string[]>();
  for (const [language, list] of Object.entries(LISTS))
    for (const word of new Set(list.split(' '))) words.set(word, [...(words.get(word) ?? []), language]);
  return words;
})();
