import { describeArtifactStoreConformance } from '../artifact-store.conformance.ts';
import { describeMetadataStoreConformance } from '../metadata-store.conformance.ts';
import { MemoryArtifactStore } from './artifact-store.ts';
import { MemoryMetadataStore } from './metadata-store.ts';

describeMetadataStoreConformance('memory', async () => {
  const store = new MemoryMetadataStore();
  return { one: store, two: store, dispose: async () => {} };
});

describeArtifactStoreConformance('memory', async () => {
  const store = new MemoryArtifactStore();
  return { one: store, two: store, corrupt: undefined, dispose: async () => {} };
});
