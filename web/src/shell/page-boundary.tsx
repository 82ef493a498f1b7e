import { Component, type ReactNode } from 'react';
import { Button, PageHeader } from '../ui/primitives.tsx';

interface Props {
  /** Where one is: a fault of one page does not follow to the next. */
  readonly path: string;
  readonly children: ReactNode;
}
interface State {
  readonly fault: unknown;
  readonly path: string;
}

/**
 * Catches what a page throws, so that the frame around it stays. Mostly its code could not be fetched: a window that was open while Muster was
 * updated asks for parts of the version before.
 */
export class PageBoundary extends Component<Props, State> {
  override state: State = { fault: undefined, path: this.props.path };

  static getDerivedStateFromError(fault: unknown): Partial<State> {
    return { fault };
  }

  static getDerivedStateFromProps({ path }: Props, state: State): Partial<State> | null {
    return path === state.path ? null : { fault: undefined, path };
  }

  override render(): ReactNode {
    const { fault } = this.state;
    if (fault === undefined) return this.props.children;
    return (
      <>
        <PageHeader title="This page did not load" />
        <div className="card flex flex-col items-start gap-2 p-4" role="alert">
          <p>
            Muster may have been updated since this window was opened, or the server is away. Reloading brings what belongs together;
            nothing is lost on the server.
          </p>
          {fault instanceof Error && <p className="font-mono text-xs text-ink-3 [overflow-wrap:anywhere]">{fault.message}</p>}
          <Button kind="primary" icon="restart" onClick={() => location.reload()}>
            Reload
          </Button>
        </div>
      </>
    );
  }
}
