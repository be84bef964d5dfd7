export { describeSnapshot } from './describe-snapshot.ts';
export type { OperatorSummary, StateSummary } from './describe-snapshot.ts';
export { diffSnapshots } from './diff-snapshots.ts';
export type { EntryDifference } from './diff-snapshots.ts';
export { checkState, findOperator } from './find-operator.ts';
export { savedGroups, vertexOf } from './saved-entries.ts';
export type { SavedEntry, SavedGroup } from './saved-entries.ts';
export { savedOperatorState } from './saved-operator-state.ts';
export type { SavedElement } from './saved-operator-state.ts';
