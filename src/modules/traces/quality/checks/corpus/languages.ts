import type { Sample } from './sample.ts';

const bad = ['same_language'] as const;

const SAID: Readonly<Record<string, readonly [question: string, answer: string]>> = {
  en: [
    'What is the best way to keep bread fresh for more than a few days?',
    'The best way is to keep it in a paper bag inside a bread box, and to freeze what you will not eat within two days.',
  ],
  de: [
    'Wie kann ich Brot länger als ein paar Tage frisch halten, wenn ich keinen Brotkasten habe?',
    'Am besten bewahrst du es in einem Tuch auf und frierst ein, was du in den nächsten zwei Tagen nicht essen wirst.',
  ],
  fr: [
    'Comment est-ce que je peux garder le pain frais pendant plus de quelques jours ?',
    'Le mieux est de le garder dans un sac en papier et de congeler ce que vous ne mangerez pas dans les deux jours.',
  ],
  es: [
    '¿Cuál es la mejor manera de mantener el pan fresco durante más de unos días?',
    'Lo mejor es guardarlo en una bolsa de papel y congelar lo que no vayas a comer en los próximos dos días.',
  ],
  pt: [
    'Qual é a melhor maneira de manter o pão fresco por mais do que alguns dias?',
    'O melhor é guardá-lo em um saco de papel e congelar o que você não vai comer nos próximos dois dias, para que não estrague.',
  ],
  it: [
    'Qual è il modo migliore per mantenere il pane fresco per più di qualche giorno?',
    'La cosa migliore è conservarlo in un sacchetto di carta e congelare quello che non mangerai nei prossimi due giorni.',
  ],
  nl: [
    'Wat is de beste manier om brood langer dan een paar dagen vers te houden?',
    'Het is het beste om het in een papieren zak te bewaren en in te vriezen wat je niet binnen twee dagen eet.',
  ],
  pl: [
    'Jak najlepiej przechowywać chleb, żeby był świeży przez więcej niż kilka dni?',
    'Najlepiej trzymać go w papierowej torbie i zamrozić to, czego nie zjesz w ciągu dwóch dni, bo się nie zepsuje.',
  ],
  sv: [
    'Vad är det bästa sättet att hålla bröd färskt i mer än några dagar?',
    'Det är bäst att förvara det i en papperspåse och att frysa in det som du inte äter under de första två dagarna.',
  ],
  cs: [
    'Jak je nejlepší skladovat chléb, aby byl čerstvý déle než několik dní?',
    'Nejlepší je mít ho v papírovém sáčku a to, co nesníte do dvou dnů, zamrazit, aby se nezkazil.',
  ],
  tr: [
    'Ekmeği birkaç günden daha uzun süre taze tutmak için ne yapmak gerekir?',
    'En iyisi bir kağıt torbada saklamak ve iki gün içinde yemeyeceğiniz kadar olanı dondurmak, çünkü böyle daha çok dayanır.',
  ],
  ru: [
    'Как лучше всего хранить хлеб, чтобы он оставался свежим больше чем несколько дней?',
    'Лучше всего хранить его в бумажном пакете, а то, что вы не съедите за два дня, можно заморозить.',
  ],
  uk: [
    'Як найкраще зберігати хліб, щоб він був свіжим більше ніж кілька днів?',
    'Найкраще тримати його в паперовому пакеті, а те, що ви не з’їсте за два дні, можна заморозити.',
  ],
  zh: ['怎样才能让面包保持新鲜几天以上？有什么好办法吗？', '最好把面包放在纸袋里保存，两天内吃不完的部分可以冷冻起来。'],
  ja: ['パンを数日以上新鮮に保つ一番いい方法は何ですか？', '紙袋に入れて保存し、二日以内に食べない分は冷凍するのが一番です。'],
  ko: [
    '빵을 며칠 이상 신선하게 보관하는 가장 좋은 방법은 무엇인가요?',
    '종이봉투에 넣어 보관하고 이틀 안에 먹지 않을 것은 얼리는 것이 가장 좋습니다.',
  ],
  ar: ['ما هي أفضل طريقة للحفاظ على الخبز طازجا لأكثر من بضعة أيام؟', 'أفضل طريقة هي حفظه في كيس من الورق وتجميد ما لن تأكله خلال يومين.'],
  el: [
    'Ποιος είναι ο καλύτερος τρόπος να κρατήσω το ψωμί φρέσκο;',
    'Το καλύτερο είναι να το φυλάξετε σε χάρτινη σακούλα και να καταψύξετε το υπόλοιπο.',
  ],
  hi: ['रोटी को कई दिनों तक ताज़ा रखने का सबसे अच्छा तरीका क्या है?', 'सबसे अच्छा है कि उसे कागज़ के थैले में रखें और जो नहीं खाना है उसे जमा दें।'],
};

const question = (language: string): string => SAID[language]?.[0] ?? '';
const answer = (language: string): string => SAID[language]?.[1] ?? '';
const LANGUAGES = Object.keys(SAID);

/** Each language with its own answer, and with that of the next ones in the list, which are of other scripts or near relatives. */
export const LANGUAGE_SAMPLES: readonly Sample[] = [
  ...LANGUAGES.map((language): Sample => ({ question: question(language), answer: answer(language) })),
  ...LANGUAGES.flatMap((language, index) =>
    [1, 2, 7].map((step): Sample => ({
      question: question(language),
      answer: answer(LANGUAGES[(index + step) % LANGUAGES.length] ?? 'en'),
      bad,
    })),
  ),
  // Another language was asked for, or it is too little to tell.
  { question: `Translate into German: ${question('en')}`, answer: answer('de') },
  { question: `Bitte auf Englisch: ${question('de')}`, answer: answer('en') },
  { question: question('fr'), answer: answer('en'), system: 'Always answer in English.' },
  { question: `请用英文回答：${question('zh')}`, answer: answer('en') },
  { question: `ответь по-английски: ${question('ru')}`, answer: answer('en') },
  { question: 'Hallo!', answer: 'Hello!' },
  { question: 'How do I sort a list in Python?', answer: '```python\nxs.sort()\n```' },
  {
    question: 'What does “Wo ist der Bahnhof und wann fährt der Zug?” mean?',
    answer: 'It means: where is the station, and when does the train leave?',
  },
  { question: 'Wie heißt der Befehl?', answer: 'git commit --amend' },
  { question: 'Who wrote it?', answer: 'Gabriel García Márquez, “Cien años de soledad”' },
];
