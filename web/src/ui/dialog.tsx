import { type ReactNode, useEffect, useId, useRef } from 'react';

/** A modal question on the platform's own <dialog>: it keeps the focus inside, gives it back, and closes on Escape. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
      className="w-[min(30rem,calc(100vw-2rem))] rounded-lg border border-line-strong bg-surface p-0 shadow-[0_24px_60px_-12px_var(--shadow)]"
    >
      <div className="flex flex-col gap-3 p-5">
        <h2 id={heading} className="text-lg">
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
