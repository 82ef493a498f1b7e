import type { Module } from '../module.ts';

/** LLM conversations: taken in, priced, judged, searched and passed on. */
export const tracesModule: Module = {
  name: 'traces',
  migrations: new URL('./migrations/', import.meta.url),
};
