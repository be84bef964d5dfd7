import type { JobId, TaskManagerId, VertexId } from '../../../src/base/ids.ts';
import { FLAME_GRAPHS_KEPT, SAMPLED_MS_MAX } from '../../../src/base/limits.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { CallTree, CallTreeKind, NodeView } from '../../../src/ports/node-view.ts';
import type { FlameGraph, FlameGraphs } from '../../../src/rest/gateway.ts';
import type { ClusterClient } from '../../client/cluster-client.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';

interface Kept {
  graph: FlameGraph;
  /** When it was made, and asked for; monotonic ms. */
  madeAt: number;
  askedAt: number;
}

export interface SampledFlameGraphsOptions {
  readonly configuration: Configuration;
  readonly client: ClusterClient;
  taskManager(taskManagerId: TaskManagerId): NodeView;
}

/** Flame graphs of the threads of the slots that run a vertex: who asks gets the last one, and has the next one made. */
export class SampledFlameGraphs implements FlameGraphs {
  readonly #environment: ActorEnvironment;
  readonly #options: SampledFlameGraphsOptions;
  readonly #kept = new Map<string, Kept>();
  /** One is made at a time: who asks for another one meanwhile asks again. */
  #sampling = false;

  constructor(environment: ActorEnvironment, options: SampledFlameGraphsOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  async of(
    jobId: JobId,
    vertexId: VertexId,
    kind: CallTreeKind,
    subtaskIndex: number | undefined,
  ): Promise<FlameGraph> {
    const { configuration } = this.#options;
    if (!configuration.get(OPTIONS.flameGraphEnabled)) return 'DISABLED';
    const now = this.#environment.clock.monotonic();
    this.#forgetOld(now);
    const key = `${jobId} ${vertexId} ${kind} ${subtaskIndex ?? ''}`;
    const kept = this.#kept.get(key) ?? {
      graph: 'WAITING',
      madeAt: Number.NEGATIVE_INFINITY,
      askedAt: now,
    };
    this.#kept.set(key, kept);
    kept.askedAt = now;
    if (!this.#sampling && now - kept.madeAt >= configuration.get(OPTIONS.flameGraphRefresh))
      void this.#sample(kept, jobId, vertexId, kind, subtaskIndex);
    return kept.graph;
  }

  async #sample(
    kept: Kept,
    jobId: JobId,
    vertexId: VertexId,
    kind: CallTreeKind,
    subtaskIndex: number | undefined,
  ): Promise<void> {
    const { clock, logger } = this.#environment;
    this.#sampling = true;
    try {
      const slots = await this.#slotsOf(jobId, vertexId, subtaskIndex);
      kept.graph = slots.size === 0 ? 'ENDED' : { at: clock.now(), tree: await this.#trees(slots, kind) };
    } catch (error) {
      logger.warn('no flame graph', { jobId, vertexId, error });
    } finally {
      kept.madeAt = clock.monotonic();
      this.#sampling = false;
    }
  }

  /** Names of the threads of slots, by TaskManager. */
  async #slotsOf(
    jobId: JobId,
    vertexId: VertexId,
    subtaskIndex: number | undefined,
  ): Promise<ReadonlyMap<TaskManagerId, readonly string[]>> {
    const { vertices } = await this.#options.client.details(jobId);
    const running = (vertices.find((vertex) => vertex.vertexId === vertexId)?.subtasks ?? []).filter(
      (subtask) =>
        subtask.state === 'RUNNING' && (subtaskIndex === undefined || subtask.subtaskIndex === subtaskIndex),
    );
    const slots = new Map<TaskManagerId, string[]>();
    for (const { taskManagerId, slot } of running) {
      if (taskManagerId === undefined || slot === undefined) continue;
      slots.set(taskManagerId, [...(slots.get(taskManagerId) ?? []), `slot-${slot}`]);
    }
    return slots;
  }

  async #trees(slots: ReadonlyMap<TaskManagerId, readonly string[]>, kind: CallTreeKind): Promise<CallTree> {
    const { configuration } = this.#options;
    const wantedMs =
      configuration.get(OPTIONS.flameGraphSamples) * configuration.get(OPTIONS.flameGraphDelay);
    const durationMs = Math.min(SAMPLED_MS_MAX, wantedMs);
    const depth = configuration.get(OPTIONS.flameGraphDepth);
    const sampled = await Promise.all(
      [...slots].map(([id, threads]) =>
        this.#options.taskManager(id).callTrees({ threads, durationMs, kind, depth }),
      ),
    );
    return merged(sampled.flat().map(({ tree }) => tree));
  }

  #forgetOld(now: number): void {
    const cleanupMs = this.#options.configuration.get(OPTIONS.flameGraphCleanup);
    for (const [key, { askedAt }] of this.#kept)
      if (now - askedAt > cleanupMs || this.#kept.size >= FLAME_GRAPHS_KEPT) this.#kept.delete(key);
  }
}

/** Trees as one: samples of equal paths are added up. */
export function merged(trees: readonly CallTree[]): CallTree {
  const all: { name: string; value: number; parent: number }[] = [];
  const indexes = new Map<string, number>();
  for (const tree of trees) {
    const places: number[] = [];
    for (const { name, value, parent } of tree) {
      const at = parent < 0 ? -1 : (places[parent] ?? -1);
      const key = `${at} ${name}`;
      const known = indexes.get(key);
      if (known === undefined) {
        const index = all.push({ name, value, parent: at }) - 1;
        indexes.set(key, index);
        places.push(index);
      } else {
        const frame = all[known];
        if (frame !== undefined) frame.value += value;
        places.push(known);
      }
    }
  }
  return all;
}
