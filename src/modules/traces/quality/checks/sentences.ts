export interface Sentence {
  readonly start: number;
  readonly text: string;
}

/** By Intl.Segmenter where that is, which knows where sentences of many scripts end; a line's end ends one too. At most `most`. */
const segmenter = new Intl.Segmenter('und', { granularity: 'sentence' });

export function sentencesOf(text: string, most: number): readonly Sentence[] {
  const found: Sentence[] = [];
  for (const { segment, index } of segmenter.segment(text)) {
    const lead = /^[\s>*#\-•]+/.exec(segment)?.[0].length ?? 0;
    const said = segment.slice(lead).trimEnd();
    if (said !== '') found.push({ start: index + lead, text: said });
    if (found.length >= most) break;
  }
  return found;
}
