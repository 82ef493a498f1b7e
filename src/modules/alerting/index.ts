import type { Module } from '../module.ts';

/** Turns what is measured into alerts, and brings word of them to people. */
export const alertingModule: Module = {
  name: 'alerting',
  migrations: new URL('./migrations/', import.meta.url),
};
