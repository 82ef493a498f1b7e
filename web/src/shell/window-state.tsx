import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { queries } from '../api/queries.ts';
import { useConnection } from '../live/connection.ts';
import { standingOf, standings } from '../ui/standing.ts';
import { nameOf } from './navigation.ts';

/** The tab says how the fleet is, so that it can be left in the background: a count in the title, another icon. */
export function WindowState(): null {
  const [path] = useLocation();
  const agents = useQuery(queries.agents());
  const { trouble } = useConnection();
  const at = agents.dataUpdatedAt;
  const broken = agents.data?.items.filter((agent) => standings[standingOf(agent, at)].tone === 'bad').length ?? 0;
  const alarm = broken > 0 || trouble !== undefined;

  useEffect(() => {
    const here = nameOf(path);
    const mark = trouble ? '(!) ' : broken > 0 ? `(${broken}) ` : '';
    document.title = `${mark}${here === undefined ? '' : `${here} · `}Muster`;
    document.querySelector('link[rel=icon]')?.setAttribute('href', alarm ? '/favicon-alert.svg' : '/favicon.svg');
  }, [path, broken, alarm, trouble]);
  return null;
}
