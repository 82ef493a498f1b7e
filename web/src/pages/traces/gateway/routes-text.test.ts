import { expect, test } from 'vitest';
import { routeLine, routesOf } from './routes-text.ts';

test('routes are lines that read as they are written', () => {
  const routes = [
    { model: 'gpt-*', as: null, fallbacks: [] },
    { model: 'fast', as: 'gpt-4o-mini', fallbacks: [] },
    { model: 'best', as: 'gpt-4o', fallbacks: ['mistral/mistral-large-latest', 'ollama/llama3'] },
    { model: 'o3', as: null, fallbacks: ['o4-mini'] },
  ];
  const text = routes.map(routeLine).join('\n');
  expect(text).toBe(
    ['gpt-*', 'fast as gpt-4o-mini', 'best as gpt-4o, else mistral/mistral-large-latest, ollama/llama3', 'o3, else o4-mini'].join('\n'),
  );
  expect(routesOf(text)).toEqual(routes);
  expect(routesOf(`\n  ${text.replaceAll(', else', '  else')}  \n\n`)).toEqual(routes);
  expect(routesOf(' \n')).toEqual([]);
});
