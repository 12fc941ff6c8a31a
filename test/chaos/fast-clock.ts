// Makes the waits of this process SPEED times as short: heartbeats, silences, leases, redials and the scheduler's ticks all go by
// one clock. It is imported before anything else, by the driver and (`node --import`) by the executors alike, so that their
// proportions to each other are those of everyday.
import { type Clock, SYSTEM_CLOCK } from '../../lib/core/clock.js';

export const SPEED = 5;

const { now, after } = SYSTEM_CLOCK;

Object.assign(SYSTEM_CLOCK, {
  now: () => now() * SPEED,
  after: (milliseconds, callback) => after(milliseconds / SPEED, callback),
} satisfies Partial<Clock>);
