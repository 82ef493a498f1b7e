import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { Written } from './written.tsx';

it('lets each paragraph run the way its language does', () => {
  const html = renderToStaticMarkup(createElement(Written, { text: 'Hello.\n\nخمسة أيام.\n\n- אחת\n\n> ثلاثة' }));
  for (const text of ['Hello.', 'خمسة أيام.', 'אחת', 'ثلاثة']) expect(html).toMatch(new RegExp(`dir="auto"[^>]*>${text}<`));
});
