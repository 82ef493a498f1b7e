import type { Invocation } from '../invocation.ts';
import { ownVersion } from '../version.ts';

export function run({ output }: Invocation): Promise<void> {
  const version = ownVersion();
  output.result(
    { version, node: process.versions.node, platform: `${process.platform}-${process.arch}` },
    () => `muster ${version} (Node ${process.versions.node}, ${process.platform}-${process.arch})`,
  );
  return Promise.resolve();
}
