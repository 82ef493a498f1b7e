import { expect, it } from 'vitest';
import { languageOf } from './detect-language.ts';

it.each([
  ['The harbour was built in stages, and it is as the records show that this was not done in one year.', 'en'],
  ['Der Hafen wurde nicht in einem Jahr gebaut, sondern in mehreren, und das ist auch so in den Akten zu lesen.', 'de'],
  ['Гавань строили не один год, и это видно по записям, которые сохранились.', 'ru'],
  ['港は何年もかけて造られ、その記録が残っている。', 'ja'],
  ['港口分阶段建成，历史记录显示如此，并非一年完成。', 'zh'],
  // Beyond the first plane.
  ['𠀀𠀁𠀂𠀃𠀄𠀅𠀆𠀇𠀈𠀉', 'zh'],
  ['항구는 여러 해에 걸쳐 지어졌으며 기록이 남아 있다.', 'ko'],
  ['الميناء بني على مراحل كما تظهر السجلات القديمة', 'ar'],
])('%s is told', (text, language) => {
  expect(languageOf(text)?.language).toBe(language);
  // Emoji and halves of pairs belong to no script, and hide no letter beside them.
  expect(languageOf(`😀\ud83d${text}\ude00😀`)?.language).toBe(language);
});

it.each(['', 'short', '0123456789 '.repeat(10), '😀'.repeat(40), '\ud83d'.repeat(40)])('%s is not', (text) => {
  expect(languageOf(text)).toBeUndefined();
});
