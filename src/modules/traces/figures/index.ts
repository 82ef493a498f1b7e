import type { Database } from '../../../db/database.ts';
import { ask, type Asked, type Told } from './ask.ts';
import { projectsNamed } from './visible-projects.ts';

/** For those who see everything: all projects, or those with these names. Throws NOT_FOUND for a name that nobody has. */
export async function figuresOfFleet(
  database: Database,
  names: readonly string[] | undefined,
  asked: Omit<Asked, 'projects'>,
): Promise<Told> {
  return ask(database, { ...asked, projects: await projectsNamed(database, names, null) });
}

export type { Told } from './ask.ts';
export { GROUPS } from './from-rollups.ts';
export { ORDERS } from './read-figures.ts';
