import type { GeneratedJob } from '../../src/graph/job-graph-generator.ts';
import type { OperatorFactory } from '../../src/dataplane/chain/operator.ts';

/**
 * Rebuilds a job from its stored module. The same module and configuration give the same graph on every node; functions
 * are never sent. Adapters: modules of the artifact store (`actors/nodes/adapters`), registered definitions (tests).
 */
export interface JobLoader {
  /** @throws UserError naming the module's file and line when it cannot be loaded or does not build. */
  load(
    moduleSha256: string,
    configuration: Readonly<Record<string, string>>,
  ): Promise<GeneratedJob<OperatorFactory>>;
}
