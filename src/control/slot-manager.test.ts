import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AllocationId, JobId, TaskManagerId } from '../base/ids.ts';
import {
  EMPTY_SLOT_MANAGER,
  acceptSlotReport,
  countSlots,
  declareRequired,
  matchSlots,
  registerTaskManager,
  removeTaskManager,
  settleGrant,
  slotsOf,
} from './slot-manager.ts';
import type { SlotManager, SlotPlacement } from './slot-manager.ts';

const job = (n: number): JobId => `job${n}` as JobId;
const tm = (n: number): TaskManagerId => `tm${n}` as TaskManagerId;

function withTaskManagers(count: number, slots: number): SlotManager {
  let manager = EMPTY_SLOT_MANAGER;
  for (let i = 0; i < count; i++) {
    const free = Array.from({ length: slots }, (_, slot) => ({ slot, state: 'free' as const }));
    manager = registerTaskManager(manager, { taskManagerId: tm(i), processId: `p${i}`, host: 'h' }, free);
  }
  return manager;
}

function match(manager: SlotManager, placement: SlotPlacement = 'fill'): ReturnType<typeof matchSlots> {
  let n = slotsTaken(manager);
  return matchSlots(manager, placement, () => `a${n++}` as AllocationId);
}

function slotsTaken(manager: SlotManager): number {
  const { total, available } = countSlots(manager);
  return total - available;
}

describe('slot manager', () => {
  it('when placement is fill then one TaskManager is used up before the next', () => {
    const { grants } = match(declareRequired(withTaskManagers(2, 4), job(1), 5));
    expect(grants.map((grant) => grant.taskManagerId)).toEqual(['tm0', 'tm0', 'tm0', 'tm0', 'tm1']);
  });

  it('when placement is spread then TaskManagers are used evenly', () => {
    const { grants } = match(declareRequired(withTaskManagers(2, 4), job(1), 4), 'spread');
    expect(grants.filter((grant) => grant.taskManagerId === tm(0))).toHaveLength(2);
    expect(grants.filter((grant) => grant.taskManagerId === tm(1))).toHaveLength(2);
  });

  it('when a job declares zero then it gets nothing more', () => {
    const manager = declareRequired(declareRequired(withTaskManagers(1, 2), job(1), 2), job(1), 0);
    expect(match(manager).grants).toEqual([]);
  });

  it('when a grant is refused then the slot is left alone until a report says that it is free', () => {
    const first = match(declareRequired(withTaskManagers(1, 1), job(1), 1));
    const refused = settleGrant(first.manager, first.grants[0]!, 'refused');
    expect(match(refused).grants).toEqual([]);
    const reported = acceptSlotReport(refused, tm(0), [{ slot: 0, state: 'free' }])!;
    expect(match(reported).grants).toHaveLength(1);
  });

  it('when a report comes while a grant is under way then the grant stands', () => {
    const first = match(declareRequired(withTaskManagers(1, 1), job(1), 1));
    const reported = acceptSlotReport(first.manager, tm(0), [{ slot: 0, state: 'free' }])!;
    expect(match(reported).grants).toEqual([]);
  });

  it('when a TaskManager is removed then the jobs with slots there are named once', () => {
    const { manager } = match(declareRequired(withTaskManagers(1, 3), job(1), 3));
    expect(removeTaskManager(manager, tm(0)).affectedJobs).toEqual([job(1)]);
    expect(removeTaskManager(manager, tm(9)).affectedJobs).toEqual([]);
  });

  it('when an unknown TaskManager reports then the report is not taken', () => {
    expect(acceptSlotReport(EMPTY_SLOT_MANAGER, tm(0), [])).toBeUndefined();
  });

  it('when jobs come, settle and go in any order then no slot is granted twice and none beyond what was declared', () => {
    const command = fc.oneof(
      fc.record({ kind: fc.constant('declare' as const), job: fc.nat(3), n: fc.nat(5) }),
      fc.record({ kind: fc.constant('settle' as const), ok: fc.boolean() }),
      fc.record({ kind: fc.constant('remove' as const), tm: fc.nat(2) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        let manager = withTaskManagers(3, 2);
        let allocations = 0;
        let open: ReturnType<typeof matchSlots>['grants'][number][] = [];
        for (const each of commands) {
          if (each.kind === 'declare') manager = declareRequired(manager, job(each.job), each.n);
          if (each.kind === 'remove') manager = removeTaskManager(manager, tm(each.tm)).manager;
          if (each.kind === 'settle' && open[0] !== undefined) {
            manager = settleGrant(manager, open[0], each.ok ? 'allocated' : 'refused');
            open = open.slice(1);
          }
          const matched = matchSlots(manager, 'fill', () => `a${allocations++}` as AllocationId);
          for (const grant of matched.grants) {
            expect(manager.taskManagers.get(grant.taskManagerId)?.slots[grant.slot]?.state).toBe('free');
            expect(slotsOf(matched.manager, grant.jobId)).toBeLessThanOrEqual(
              manager.required.get(grant.jobId)!,
            );
          }
          manager = matched.manager;
          open.push(...matched.grants);
        }
      }),
    );
  });
});
