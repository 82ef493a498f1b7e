import type { Sample } from './sample.ts';

const bad = ['grounded_quotes'] as const;

const ENGLISH =
  '[1] The Harbour Act of 1887 gave the town the right to collect dues from every ship above forty tons. Its author, the engineer Mary Holt, wrote that “a harbour that costs nothing is worth nothing to those who sail”.\n[2] The dues were lowered in 1904 after a strike of the dockers. See https://example.org/harbour/1904 for the minutes of the council.';
const GERMAN =
  'Das Hafengesetz von 1887 gab der Stadt das Recht, von jedem Schiff über vierzig Tonnen Abgaben zu erheben. Die Ingenieurin Maria Holt schrieb: „Ein Hafen, der nichts kostet, ist denen nichts wert, die auf ihm fahren.“ Nach einem Streik der Hafenarbeiter wurden die Abgaben im Jahr 1904 gesenkt.';
const CHINESE =
  '一八八七年的港口法赋予该镇向每艘四十吨以上的船只征收费用的权利。工程师玛丽·霍尔特写道：“不花钱的港口对航行的人来说毫无价值。”一九零四年码头工人罢工后，费用降低了。市议会的会议记录保存在镇档案馆，任何人都可以查阅。港口法后来又修改了两次，最后一次是在一九三一年，当时镇上的人口已经超过了两万人，港口每年接待三百多艘船。镇上的老人们至今还记得那场罢工，以及随后几年里码头上的热闹景象，他们常常把这些故事讲给孩子们听。';

export const QUOTATION_SAMPLES: readonly Sample[] = [
  {
    question: 'What did she write?',
    context: ENGLISH,
    answer: 'She wrote that “a harbour that costs nothing is worth nothing to those who sail”.',
  },
  { question: 'What did she write?', context: ENGLISH, answer: 'Holt: "A harbour that costs nothing is worth nothing…"' },
  { question: 'What did the act do?', context: ENGLISH, answer: 'It let the town “collect dues from every ship above forty tons” [1].' },
  {
    question: 'What did the act do?',
    context: ENGLISH,
    answer: 'According to the text, it gave “the right to collect dues … above forty tons”.',
  },
  { question: 'What did the act do?', context: ENGLISH, answer: 'The “Harbour Act” let the town collect dues.' },
  { question: 'Where are the minutes?', context: ENGLISH, answer: 'They are at https://example.org/harbour/1904.' },
  { question: 'When were they lowered?', context: ENGLISH, answer: 'In 1904, after a strike [2].' },
  { question: 'When were they lowered?', context: ENGLISH, answer: 'The source says so [1][2].' },
  {
    question: 'Was schrieb sie?',
    context: GERMAN,
    answer: 'Sie schrieb: „Ein Hafen, der nichts kostet, ist denen nichts wert, die auf ihm fahren.“',
  },
  {
    question: 'Was gab das Gesetz?',
    context: GERMAN,
    answer: 'Es gab »das Recht, von jedem Schiff über vierzig Tonnen Abgaben zu erheben«.',
  },
  { question: '她写了什么？', context: CHINESE, answer: '她写道：“不花钱的港口对航行的人来说毫无价值。”' },
  { question: 'Say hello as a pirate', answer: '"Ahoy there, ye salty old dogs of the sea!" is what a pirate would say.' },
  { question: 'Define it', context: ENGLISH, answer: 'A “due” is a kind of tax.' },

  {
    question: 'What did she write?',
    context: ENGLISH,
    answer: 'She wrote that “no town can prosper without the courage to build its own harbour”.',
    bad,
  },
  { question: 'What did she write?', context: ENGLISH, answer: 'Holt said: "Ships are the lifeblood of any honest community".', bad },
  {
    question: 'What did she write?',
    context: ENGLISH,
    answer:
      'She wrote that “a harbour that costs nothing is worth nothing to those who sail”, and added that “every sailor knows this from his own purse”.',
    bad,
  },
  { question: 'Where are the minutes?', context: ENGLISH, answer: 'They are at https://example.org/archive/minutes-1904.pdf.', bad },
  { question: 'When were they lowered?', context: ENGLISH, answer: 'In 1904, after a strike [7].', bad },
  {
    question: 'Was schrieb sie?',
    context: GERMAN,
    answer: 'Sie schrieb: „Wer einen Hafen baut, der baut an der Zukunft seiner Stadt.“',
    bad,
  },
  {
    question: 'Was schrieb sie?',
    context: GERMAN,
    answer: 'Im Gesetz steht: »Schiffe unter zehn Tonnen sind von allen Abgaben befreit«.',
    bad,
  },
  {
    question: 'Qu’a-t-elle écrit ?',
    context: GERMAN,
    answer: 'Elle a écrit : « La mer appartient à ceux qui savent attendre le vent ».',
    bad,
  },
  { question: '她写了什么？', context: CHINESE, answer: '她写道：“港口是城市通往世界的大门和希望。”', bad },
  {
    question: 'What did she write?',
    context: ENGLISH,
    answer: 'She wrote that “a harbour that costs something is worth everything to those who live by it”.',
    bad,
  },
  // A single word was changed: nothing but the difference of meaning would show that it matters.
  {
    question: 'What did the act do?',
    context: ENGLISH,
    answer: 'It let the town “collect dues from every ship above fourteen tons”.',
    bad,
  },
];
