import { describeArtifactStoreConformance } from '../artifact-store.conformance.ts';
import { describeMetadataStoreConformance } from '../metadata-store.conformance.ts';
import { describeSnapshotStoreConformance } from '../snapshot-store.conformance.ts';
import { MemoryArtifactStore } from './artifact-store.ts';
import { MemoryMetadataStore } from './metadata-store.ts';
import { MemorySnapshotStore } from './snapshot-store.ts';

describeMetadataStoreConformance('memory', async () => {
  const store = new MemoryMetadataStore();
  return { one: store, two: store, dispose: async () => {} };
});

describeArtifactStoreConformance('memory', async () => {
  const store = new MemoryArtifactStore();
  return { one: store, two: store, corrupt: undefined, dispose: async () => {} };
});

describeSnapshotStoreConformance('memory', async () => {
  const store = new MemorySnapshotStore();
  return { one: store, two: store, leftovers: async () => [], dispose: async () => {} };
});
