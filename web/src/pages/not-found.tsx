import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { Empty, PageHeader } from '../ui/primitives.tsx';
import { places } from '../shell/navigation.ts';

export function NotFoundPage(): ReactNode {
  const [path] = useLocation();
  return (
    <>
      <PageHeader title="No such page" />
      <div className="card">
        <Empty title={`There is nothing at ${path}`} icon="unknown">
          <p>The address may be mistyped, or of another version. These pages exist:</p>
          <p className="mt-2 flex flex-wrap justify-center gap-x-4 gap-y-1">
            {places.map((place) => (
              <Link key={place.path} href={place.path} className="text-accent underline underline-offset-3">
                {place.label}
              </Link>
            ))}
          </p>
        </Empty>
      </div>
    </>
  );
}
