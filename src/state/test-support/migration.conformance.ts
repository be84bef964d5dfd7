import { describe, expect, it } from 'vitest';
import { Types } from '../../api/types.ts';
import { Migrations } from '../../functions/state-migration.ts';
import type { StateSchema } from '../../functions/state-migration.ts';
import { ListStateDescriptor, MapStateDescriptor, ValueStateDescriptor } from '../../functions/state.ts';
import { StateTtlConfig } from '../../functions/state-ttl.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import { StateIncompatibleError } from '../snapshot/errors.ts';
import { StateReader } from '../snapshot/state-reader.ts';
import { StateWriter } from '../snapshot/state-writer.ts';
import type { KeyedStateBackend } from '../keyed-state-backend.ts';
import type { BackendBench } from './backend-bench.ts';

const RANGE = { start: 0, end: 7 };

/** Values of a snapshot that was written with an earlier schema. */
export function describeMigration(bench: () => BackendBench, newStore: () => SnapshotStore): void {
  function backendOf(): KeyedStateBackend {
    return bench().create(RANGE, 8, { now: () => 1_000 });
  }

  /** The same backend in the next version of its job. */
  async function restarted(backend: KeyedStateBackend): Promise<KeyedStateBackend> {
    const store = newStore();
    const run = backend.beginSnapshot(
      (states) => new StateWriter(store.create('file'), states, RANGE, 8),
      'full',
    );
    while (!run.step(() => false)) await run.drained();
    await run.finish();
    const next = backendOf();
    await next.restore([await StateReader.open(store, 'file')]);
    await next.remote?.all();
    next.setCurrentKey('key');
    return next;
  }

  function valueOf(schema?: StateSchema, ttl = false): ValueStateDescriptor<object> {
    const descriptor = new ValueStateDescriptor<object>('payment');
    if (schema !== undefined) descriptor.enableMigration(schema);
    if (ttl) descriptor.enableTimeToLive(StateTtlConfig.newBuilder('1 h').build());
    return descriptor;
  }

  async function saved(value: object, schema?: StateSchema, ttl = false): Promise<KeyedStateBackend> {
    const backend = backendOf();
    backend.setCurrentKey('key');
    backend.getState(valueOf(schema, ttl)).update(value);
    return restarted(backend);
  }

  describe('a state whose schema has changed', () => {
    const toTwo = Migrations.of([Migrations.rename('cents', 'amount'), Migrations.add('currency', 'EUR')]);
    const toThree = Migrations.of(
      [Migrations.rename('cents', 'amount'), Migrations.add('currency', 'EUR')],
      Migrations.remove('note'),
    );

    it('when fields are renamed, added and removed, then saved values have the new ones', async () => {
      const next = await saved({ cents: 5, note: 'x' });
      expect(next.getState(valueOf(toThree)).value()).toEqual({ amount: 5, currency: 'EUR' });
    });

    it('when the declared type differs from the saved one and nothing leads on, then it is refused, and the field named', async () => {
      const before = Types.record({ cents: Types.LONG });
      const after = Types.record({ amount: Types.LONG });
      const backend = backendOf();
      backend.setCurrentKey('key');
      backend.getState(new ValueStateDescriptor('typed', before)).update({ cents: 5 });
      const next = await restarted(backend);
      const descriptor = new ValueStateDescriptor('typed', after);
      expect(() => next.getState(descriptor)).toThrow(
        /state "typed" .* not of its declared type: field "cents" of its values is gone \(Migrations.remove, or rename\)/,
      );
      descriptor.enableMigration(Migrations.of(Migrations.rename('cents', 'amount')));
      expect(next.getState(descriptor).value()).toEqual({ amount: 5 });
    });

    it('when a value has taken the first step already, then it takes the second only', async () => {
      const second = await saved({ amount: 5, currency: 'CHF', note: 'x' }, toTwo);
      expect(second.getState(valueOf(toThree)).value()).toEqual({ amount: 5, currency: 'CHF' });
    });

    it('when values are migrated and saved again, then they are not migrated twice', async () => {
      const doubling: StateSchema = {
        version: 2,
        migrate: (value) => ({ n: (value as { n: number }).n * 2 }),
      };
      const next = await saved({ n: 1 });
      expect(next.getState(valueOf(doubling)).value()).toEqual({ n: 2 });
      expect((await restarted(next)).getState(valueOf(doubling)).value()).toEqual({ n: 2 });
    });

    it('when the state gets a time to live as well, then both happen', async () => {
      const next = await saved({ cents: 5 });
      expect(next.getState(valueOf(toTwo, true)).value()).toEqual({ amount: 5, currency: 'EUR' });
    });

    it('when it has a time to live, then its values are migrated inside their stamps', async () => {
      const next = await saved({ cents: 5 }, undefined, true);
      expect(next.getState(valueOf(toTwo, true)).value()).toEqual({ amount: 5, currency: 'EUR' });
    });

    it('when it is a list or a map, then each element is migrated', async () => {
      const backend = backendOf();
      backend.setCurrentKey('key');
      backend.getListState(new ListStateDescriptor<unknown>('list')).addAll([1, 2]);
      backend.getMapState(new MapStateDescriptor<string, unknown>('map')).put('a', 3);
      const next = await restarted(backend);
      const texts: StateSchema = { version: 2, migrate: String };
      const list = new ListStateDescriptor<unknown>('list');
      list.enableMigration(texts);
      const map = new MapStateDescriptor<string, unknown>('map');
      map.enableMigration(texts);
      expect(next.getListState(list).get()).toEqual(['1', '2']);
      expect([...next.getMapState(map).entries()]).toEqual([['a', '3']]);
    });

    it('when the job is older than the savepoint, then it is refused with both versions', async () => {
      const later = await saved({ amount: 5 }, toThree);
      expect(() => later.getState(valueOf(toTwo))).toThrow(StateIncompatibleError);
      expect(() => later.getState(valueOf(toTwo))).toThrow(/schema version 3, and the job has version 2/);
      expect(() => later.getState(valueOf())).toThrow(/schema version 3, and the job has version 1/);
    });

    it('when what is saved has no fields, then a change of fields says so', async () => {
      const backend = backendOf();
      backend.setCurrentKey('key');
      backend.getState(new ValueStateDescriptor<unknown>('payment')).update(7);
      const next = await restarted(backend);
      expect(() => next.getState(valueOf(toTwo))).toThrow(/met a number where an object was expected/);
    });

    it('when a schema has version 1, then it is refused', () => {
      expect(() => valueOf({ version: 1, migrate: (value) => value })).toThrow(/version 2 or a later one/);
    });
  });
}
